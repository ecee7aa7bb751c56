"""The one way to declare and to check access.

    @requires("run.start")          a view or an operation of the API for those who hold the verb
    @public("the sign-in page")     anybody, for the reason given
    person(request)                 whom `requires` has let in
    may(user, "run.start")          a question
    check(user, "run.start")        the same, raising NotAllowed
    requester(context, "run.start") for whom an agent's tool is called

Whether a person sees one certain dataset or run is not asked here, but by `visible_to(user)`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.translation import ngettext

from forecastlab.accounts.domain import roles
from forecastlab.accounts.models import User
from forecastlab.lib.contributions import ToolContext
from forecastlab.lib.errors import NotAllowed

View = TypeVar("View", bound=Callable[..., Any])
Actor = User | AnonymousUser
API_PREFIX = "/api/"


class SignInNeeded(NotAllowed):
    """Sign in first, or send a token: 'Authorization: Bearer TOKEN'."""

    code = "sign_in_needed"
    title = "Not signed in"
    status = 401


def may(user: Actor, verb: str) -> bool:
    """Say whether `user` is a person in a role that carries `verb`."""
    if not isinstance(user, User) or not user.can_act:
        return False
    return roles.holds(user.roles, verb)


def check(user: Actor, verb: str) -> None:
    if not may(user, verb):
        raise NotAllowed(refusal(verb))


def refusal(verb: str) -> str:
    """Say which roles may do `verb`: the reason shown beside an action that is off."""
    holders = [role.value for role in roles.Role if role in roles.VERBS[verb]]
    needed = ngettext(
        "This needs the role %(roles)s (%(verb)s).",
        "This needs one of the roles %(roles)s (%(verb)s).",
        len(holders),
    )
    return needed % {"roles": ", ".join(holders), "verb": verb}


def person(request: HttpRequest) -> User:
    """Return who asks, in a view under `requires`: it has let nobody else in."""
    return cast("User", request.user)


def requester(context: ToolContext, verb: str) -> User:
    """Return the person for whom an agent calls a tool; raises NotAllowed without `verb`."""
    user = User.objects.filter(pk=context.requester_id).first()
    check(user or AnonymousUser(), verb)
    return cast("User", user)


def public(reason: str) -> Callable[[View], View]:
    """Declare that anybody may call the view, and why."""

    def mark(view: View) -> View:
        view.access_public = reason  # type: ignore[attr-defined]
        return view

    return mark


def requires(verb: str) -> Callable[[View], View]:
    """Let only people who hold `verb` call the view.

    Nobody is sent to the sign-in page, or gets 401 from the API; others get NotAllowed.
    """
    if verb not in roles.VERBS:
        raise KeyError(f"'{verb}' is not in accounts/domain/roles.py VERBS")

    def guard(view: View) -> View:
        guarded = _async_guard(view, verb) if _is_async(view) else _guard(view, verb)
        guarded.access_verb = verb  # type: ignore[attr-defined]
        guarded.__signature__ = _signature(view)  # type: ignore[attr-defined]
        return cast("View", guarded)

    return guard


def _guard(view: Callable[..., Any], verb: str) -> Callable[..., Any]:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        refused = _refused(request, request.user, verb)
        return refused or view(request, *args, **kwargs)

    return guarded


def _async_guard(view: Callable[..., Any], verb: str) -> Callable[..., Any]:
    @wraps(view)
    async def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        refused = await sync_to_async(_refused)(request, await request.auser(), verb)
        return refused or await view(request, *args, **kwargs)

    return guarded


def _refused(request: HttpRequest, user: Actor, verb: str) -> HttpResponseBase | None:
    """Return the way to the sign-in page for nobody; raise for somebody without the verb."""
    if user.is_authenticated:
        check(user, verb)
        return None
    if request.path.startswith(API_PREFIX):
        raise SignInNeeded
    if "HX-Request" in request.headers:
        return _sign_in_from_fragment(request)
    return redirect_to_login(request.get_full_path())


def _sign_in_from_fragment(request: HttpRequest) -> HttpResponse:
    """Send the whole page to the sign-in page: a fragment has no room for one."""
    address = resolve_url(settings.LOGIN_URL)
    return HttpResponse(status=401, headers={"HX-Redirect": address})


def _is_async(view: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(view)


def _signature(view: Callable[..., Any]) -> inspect.Signature:
    """Resolve annotations in the view's own module; the API looks them up in ours otherwise."""
    try:
        return inspect.signature(view, eval_str=True)
    except NameError:  # a page whose types are imported for the type checker only
        return inspect.signature(view)
