"""Who may read a stream: whatever the app that owns its prefix says."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest

from forecastlab.events.services import streams
from forecastlab.lib.errors import NotAllowed, NotFound

LONGEST_NAME = 80


class SignedOut(NotAllowed):
    """Sign in first."""

    code = "sign_in_needed"
    title = "Not signed in"
    status = 401


class NoSuchStream(NotFound):
    """There is no such stream, or it is not yours to read."""


View = TypeVar("View", bound=Callable[..., Any])


def by_stream(view: View) -> View:
    """Declare that the stream in the request, not a verb, decides who may call the view."""
    view.access_stream = True  # type: ignore[attr-defined]
    return view


def can_read(user: Any, stream: str) -> bool:
    """Return whether `user` may read `stream`; unknown prefixes are nobody's."""
    if not (user.is_authenticated and user.is_active):
        return False
    # "run.٣" would be a second run.3.
    if not (stream.isascii() and stream.isprintable()) or len(stream) > LONGEST_NAME:
        return False
    prefix, _, key = stream.partition(".")
    declared = streams.declared().get(prefix)
    return bool(key) and declared is not None and declared.can_read(user, key)


def check(user: Any, stream: str) -> None:
    """Raise SignedOut for nobody, NoSuchStream for somebody who may not read `stream`."""
    if not user.is_authenticated:
        raise SignedOut
    if not can_read(user, stream):
        raise NoSuchStream


def session_user(session_key: str | None) -> Any | None:
    """Return who is signed in with a session now: None once it has ended."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = auth.get_user(request)
    return user if user.is_authenticated and user.is_active else None


def session_reading(session_key: str | None, stream: str) -> tuple[int | None, bool]:
    """Return the user id behind a session, and whether that user may read `stream` now."""
    user = session_user(session_key)
    return (None, False) if user is None else (user.pk, can_read(user, stream))
