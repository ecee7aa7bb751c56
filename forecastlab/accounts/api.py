"""Who calls the API, and that a POST sent twice is carried out once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from inspect import unwrap
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Router, Schema
from ninja.security import HttpBearer
from ninja.security import SessionAuth as NinjaSessionAuth
from ninja.utils import check_csrf

from forecastlab.accounts.domain import roles
from forecastlab.accounts.models import User
from forecastlab.accounts.services import idempotency, tokens
from forecastlab.accounts.services.access import SignInNeeded, may, person, refusal, requires
from forecastlab.lib import problems
from forecastlab.lib.errors import HouseError, NotAllowed

router = Router(tags=["account"])


class BadToken(SignInNeeded):
    """The token is unknown, has expired or was revoked."""

    code = "bad_token"


class NoCsrfToken(NotAllowed):
    """A write in a browser's session needs its CSRF token."""

    code = "csrf"


# -- who calls --------------------------------------------------------------------------------
class TokenAuth(HttpBearer):
    """`Authorization: Bearer TOKEN`; a token that is sent must hold, a session does not help it."""

    def authenticate(self, request: HttpRequest, token: str) -> User:
        caller = _caller(request)
        if caller is None:
            raise BadToken
        request.user = caller
        return caller


class SessionAuth(NinjaSessionAuth):
    """The session of the pages; a write carries the CSRF token as well."""

    def __call__(self, request: HttpRequest) -> User | None:
        if not isinstance(request.user, User):
            return None
        if check_csrf(request):
            raise NoCsrfToken(hint=_("Send it as X-CSRFToken."))
        return request.user


AUTH = [TokenAuth(), SessionAuth()]


def _caller(request: HttpRequest) -> User | None:
    """Find out, once per request, who calls: the person of a token that is sent, else a session."""
    if not hasattr(request, "api_caller"):
        request.api_caller = _found_caller(request)  # type: ignore[attr-defined]
    return cast("User | None", request.api_caller)  # type: ignore[attr-defined]


def _found_caller(request: HttpRequest) -> User | None:
    header = request.headers.get("Authorization", "")
    if header.lower().startswith(f"{tokens.SCHEME} "):
        return tokens.bearer(tokens.sent_in(header), at=timezone.now())
    return request.user if isinstance(request.user, User) else None


def guarded(run: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Refuse who lacks the verb of an operation before what was sent is read or checked."""
    verb = getattr(unwrap(run).__self__.view_func, "access_verb", "")

    @wraps(run)
    def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        caller = _caller(request)
        if verb and caller is not None and not may(caller, verb):
            return problems.from_error(request, NotAllowed(refusal(verb)))
        return run(request, **kwargs)

    return wrapped


# -- once -------------------------------------------------------------------------------------
def idempotent(run: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Make every POST of the API that carries an Idempotency-Key happen once."""

    @wraps(run)
    def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        key = request.headers.get("Idempotency-Key")
        if request.method != "POST" or key is None:
            return run(request, **kwargs)
        caller = _caller(request)
        if caller is None:  # it will be refused without our help
            return run(request, **kwargs)
        asked = idempotency.Request(
            user=caller,
            key=key,
            method=request.method,
            path=request.get_full_path(),
            body_digest=_body_digest(request),
        )
        return _once(request, asked, lambda: run(request, **kwargs))

    return wrapped


def _once(
    request: HttpRequest, asked: idempotency.Request, run: Callable[[], HttpResponse]
) -> HttpResponse:
    given: list[HttpResponse] = []

    def carry_out() -> idempotency.Answer:
        response = run()
        given.append(response)
        kind = response.headers.get("Content-Type", "")
        return idempotency.Answer(response.status_code, kind, response.content)

    try:
        answer, how = idempotency.once(asked, carry_out, at=timezone.now())
    except HouseError as error:
        return problems.from_error(request, error)
    if how == "given":
        return given[0]
    return HttpResponse(
        answer.body,
        status=answer.status,
        content_type=answer.content_type,
        headers={"Idempotency-Replayed": "true"},
    )


def _body_digest(request: HttpRequest) -> str:
    """Digest what was sent; an upload by its fields and bytes, as its boundary is made anew."""
    digest = hashlib.sha256()
    if request.content_type != "multipart/form-data":
        digest.update(request.body)
        return digest.hexdigest()
    for name, values in sorted(request.POST.lists()):
        digest.update(repr((name, values)).encode())
    for name, files in sorted(request.FILES.lists()):
        for file in files:
            digest.update(repr((name, file.name, file.size)).encode())
            for chunk in file.chunks():
                digest.update(chunk)
            file.seek(0)
    return digest.hexdigest()


# -- operations -------------------------------------------------------------------------------
class Me(Schema):
    username: str
    name: str
    roles: list[str]
    may: list[str]


@router.get("/me", response=Me, url_name="me", summary="Who am I, and what may I do")
@requires("api.read")
def me(request: HttpRequest) -> dict[str, Any]:
    caller = person(request)
    return {
        "username": caller.username,
        "name": caller.get_full_name(),
        "roles": sorted(caller.roles),
        "may": [verb for verb in sorted(roles.VERBS) if may(caller, verb)],
    }
