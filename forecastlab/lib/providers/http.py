"""Asking a provider over HTTP: one origin, no redirects, bounded answers, patient retries."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx
from django.utils.translation import gettext as _

from forecastlab.lib.providers.egress import Egress
from forecastlab.lib.providers.errors import (
    AuthRefused,
    ModelUnknown,
    ProviderError,
    QuotaExhausted,
    Rejected,
    Unreachable,
)
from forecastlab.lib.providers.redaction import redacted

LONGEST_ANSWER = 64 << 20
NO_QUOTA = ("insufficient_quota", "quota_exceeded", "billing")
AGAIN = {HTTPStatus.TOO_MANY_REQUESTS, 500, 502, 503, 504}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one request may take, and how often it is tried; seconds.

    Between tries it waits `pause`, twice that, ..., each time shortened by chance to as little as
    half, so that many who were refused together do not come back together.
    """

    connect: float = 5.0
    read: float = 30.0
    tries: int = 3
    pause: float = 1.0
    longest_pause: float = 10.0

    def before(self, again: int, asked: float | None) -> float:
        """Return the wait before try number `again` (from 1); `asked` is what it was told."""
        wait = self.pause * 2.0 ** (again - 1) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        return min(max(wait, asked or 0.0), self.longest_pause)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One provider's origin with the key for it; the key is in no text of this object."""

    egress: Egress
    key: str = field(default="", repr=False)
    patience: Patience = Patience()

    def post(self, url: str, body: Mapping[str, Any]) -> Any:
        """Return the JSON that the provider answers; raises ProviderError."""
        self.egress.check(url)
        timeout = httpx.Timeout(self.patience.read, connect=self.patience.connect)
        # Nothing of the environment is used: a proxy or a .netrc would be another way out.
        with httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False) as client:
            for left in reversed(range(self.patience.tries)):
                try:
                    return self._once(client, url, body)
                except _Later as error:
                    if not left:
                        raise error.told from None
                    again = self.patience.tries - left
                    time.sleep(self.patience.before(again, error.asked))
        raise Unreachable(_("The provider was not asked."))

    def _once(self, client: httpx.Client, url: str, body: Mapping[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        try:
            with client.stream("POST", url, json=body, headers=headers) as response:
                content = _content(response)
        except httpx.TransportError as error:
            raise _Later(self._unreachable(error)) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._unreachable(error) from None
        if response.status_code != HTTPStatus.OK:
            raise self._refused(response, content)
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise Rejected(_("The provider's answer is not JSON.")) from None

    def _unreachable(self, error: Exception) -> Unreachable:
        said = redacted(str(error) or type(error).__name__, key=self.key)
        told = {"host": self.egress.host, "why": said}
        return Unreachable(_("%(host)s does not answer: %(why)s.") % told)

    def _refused(self, response: httpx.Response, content: bytes) -> Exception:
        status = response.status_code
        said = _said(content)
        told = redacted(f"HTTP {status}: {said}" if said else f"HTTP {status}", key=self.key)
        if response.is_redirect:
            text = _("%(host)s sends us elsewhere, where we do not go.")
            return Rejected(text % {"host": self.egress.host})
        error = _classified(status, said)(
            _("%(host)s refused: %(why)s.") % {"host": self.egress.host, "why": told.rstrip(".")}
        )
        if status in AGAIN and not _no_quota(said):
            return _Later(error, asked=_seconds(response.headers.get("Retry-After", "")))
        return error


class _Later(Exception):
    """A refusal that may pass."""

    def __init__(self, told: ProviderError, *, asked: float | None = None) -> None:
        self.told = told
        self.asked = asked
        super().__init__(told.message)


def _classified(status: int, said: str) -> type[ProviderError]:
    kinds: dict[int, type[ProviderError]] = {
        401: AuthRefused,
        402: QuotaExhausted,
        403: AuthRefused,
        404: ModelUnknown,
        429: QuotaExhausted,
    }
    if "model_not_found" in said:
        return ModelUnknown
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unreachable
    return kinds.get(status, Rejected)


def _no_quota(said: str) -> bool:
    return any(word in said for word in NO_QUOTA)


def _content(response: httpx.Response) -> bytes:
    """Read an answer as far as we take it; raises Rejected for a longer one."""
    found = bytearray()
    for chunk in response.iter_bytes():
        found += chunk
        if len(found) > LONGEST_ANSWER:
            raise Rejected(_("The provider's answer is longer than 64 MB."))
    return bytes(found)


def _said(content: bytes) -> str:
    """Return what a refusal says for itself: its code and message where it is of the usual form."""
    text = content[:4000].decode(errors="replace")
    try:
        error = json.loads(content)["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return text
    if not isinstance(error, dict):
        return str(error)
    told = (error.get("code") or error.get("type"), error.get("message"))
    return " ".join(str(one) for one in told if one)


def _seconds(text: str) -> float | None:
    return float(text) if text.isdecimal() else None
