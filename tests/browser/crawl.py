"""Find the pages of an installation the way a person does: by following links."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Page

MOST = 140
# One page of a kind stands for all: /runs/12/ and /runs/13/ have one shape, keys too.
NUMBER = re.compile(r"[0-9a-f]{32}|(?<=^/knowledge/)(?!new/)[^/]+|\d+")
LEFT_OUT = ("/admin/", "/static/", "/api/", "/sign-out/")


def _shape(path: str) -> str:
    return NUMBER.sub("N", path)


def addresses(page: Page, start: str = "/") -> list[str]:
    """One address of every shape that is linked from somewhere, in the order of finding."""
    waiting, seen, found = [start], {_shape(start)}, []
    while waiting and len(found) < MOST:
        address = waiting.pop(0)
        answer = page.goto(address)
        assert answer is not None
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        found.append(urlsplit(page.url).path)
        for link in page.locator("a[href]:not([download])").evaluate_all(
            "links => links.map(link => link.getAttribute('href'))"
        ):
            target = urlsplit(urljoin(page.url, link))
            known = _shape(target.path) in seen or target.path.startswith(LEFT_OUT)
            if target.netloc != urlsplit(page.url).netloc or known:
                continue
            seen.add(_shape(target.path))
            waiting.append(target.path)
    assert not waiting, f"more than {MOST} pages; the rest would not be looked at"
    return found
