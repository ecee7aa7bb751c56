"""Every address of the house and who may use it, read from what the code declares.

A view, an operation of the API or a consumer carries one of three marks: `access_verb` (set by
`requires`), `access_public` (by `public`, with the reason) or `access_stream` (whoever may read
the stream that is asked for). tests/architecture/test_urls.py holds every address to its mark;
`manage.py document_access` writes docs/reference/access.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.urls import URLPattern, URLResolver, get_resolver

from forecastlab.accounts.domain.roles import VERBS, Role
from forecastlab.api import api
from forecastlab.asgi import sockets

# Django's own pages for administrators, under the one check of their site.
ADMIN = "admin"
# The library gives the API a root that answers 404 to everybody.
SILENT = {"api:api-root"}


@dataclass(frozen=True, slots=True)
class Address:
    """`kind` is page, api or socket; exactly one of verb, reason and by_stream is set."""

    kind: str
    name: str
    route: str
    method: str = ""
    verb: str = ""
    reason: str = ""
    by_stream: bool = False

    @property
    def is_declared(self) -> bool:
        return [bool(self.verb), bool(self.reason), self.by_stream].count(True) == 1

    @property
    def access(self) -> str:
        if self.verb:
            return f"`{self.verb}`"
        return "who may read the stream" if self.by_stream else f"everybody: {self.reason}"


def addresses() -> list[Address]:
    return [*_pages(get_resolver().url_patterns, "", ""), *_operations(), *_sockets()]


def _pages(
    patterns: Iterable[URLPattern | URLResolver], before: str, namespace: str
) -> Iterator[Address]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield from _page(pattern, route, namespace)
        elif pattern.app_name != ADMIN:
            yield from _pages(pattern.url_patterns, route, pattern.namespace or namespace)


def _page(pattern: URLPattern, route: str, namespace: str) -> Iterator[Address]:
    name = f"{namespace}:{pattern.name}" if namespace else pattern.name or ""
    is_operation = namespace == api.urls_namespace and not name.endswith(("api-root", "-json"))
    if name not in SILENT and not is_operation:
        yield _declared("page", name, f"/{route}", "", pattern.callback)


def _operations() -> Iterator[Address]:
    for router in api._get_bound_routers():  # the library offers no public walk
        for path, view in router.path_operations.items():
            for operation in view.operations:
                name = getattr(operation, "url_name", "") or operation.view_func.__name__
                route = f"/api/v1{router.prefix}{path}"
                for method in operation.methods:
                    yield _declared("api", f"api:{name}", route, method, operation.view_func)


def _sockets() -> Iterator[Address]:
    routes: list[Any] = list(sockets.routes)  # the stubs do not know what `as_asgi` gives
    for route in routes:
        consumer = route.callback.consumer_class
        yield _declared("socket", consumer.__name__, f"/{route.pattern}", "", consumer)


def _declared(kind: str, name: str, route: str, method: str, target: Any) -> Address:
    return Address(
        kind=kind,
        name=name,
        route=route,
        method=method,
        verb=getattr(target, "access_verb", ""),
        reason=getattr(target, "access_public", ""),
        by_stream=getattr(target, "access_stream", False),
    )


def commands() -> dict[str, str]:
    """Return the verb that each command of ours asks of whom it acts for ("" if for nobody)."""
    found: dict[str, str] = {}
    for name, app in sorted(get_commands().items()):
        if app == "forecastlab" or app in settings.OUR_APPS:
            found[name] = getattr(load_command_class(app, name), "verb", "")
    return found


# -- the document -----------------------------------------------------------------------------


def document() -> str:
    """Return docs/reference/access.md."""
    parts = [_HEAD, *_matrix(), _ADDRESSES, *_address_rows(), _COMMANDS, *_command_rows(), ""]
    return "\n".join(parts)


def _matrix() -> Iterator[str]:
    yield "| Verb | " + " | ".join(Role) + " |"
    yield "|---|" + ":-:|" * len(Role)
    for verb, holders in sorted(VERBS.items()):
        yield f"| `{verb}` | " + " | ".join("yes" if r in holders else "" for r in Role) + " |"


def _address_rows() -> Iterator[str]:
    yield "| Kind | Address | Name | Access |"
    yield "|---|---|---|---|"
    for one in sorted(addresses(), key=lambda found: (found.kind, found.route, found.method)):
        where = f"{one.method} {one.route}".strip()
        yield f"| {one.kind} | `{where}` | `{one.name}` | {one.access} |"


def _command_rows() -> Iterator[str]:
    yield "| Command | Verb of `--as` |"
    yield "|---|---|"
    for name, verb in commands().items():
        yield f"| `{name}` | {f'`{verb}`' if verb else 'for whoever has the machine'} |"


_HEAD = """\
# Who may do what

Written by `manage.py document_access` from the code; change the code, not this page.

Roles are Django groups of these names, and a person may have several. Service users (clock,
policy, system, agents) cannot sign in, and the database refuses them the deciding roles approver
and admin. A verb opens an address; which datasets, runs and forecasts a person meets there is
decided by the readers groups of the dataset, and what he may not read answers 404.
"""
_ADDRESSES = """
## Every address

Nobody is led to the sign-in page, or gets 401 from the API and the streams. Whoever lacks the verb
gets 403. Pages under `/admin/` are open to the role admin only, and show the rows of everybody.
"""
_COMMANDS = """
## Every command
"""
