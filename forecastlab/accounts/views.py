from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.forms import model_to_dict
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from forecastlab.accounts import queries
from forecastlab.accounts.domain import landing
from forecastlab.accounts.forms import ProfileForm, SignInForm, TokenForm
from forecastlab.accounts.models import Token, User
from forecastlab.accounts.services import (
    access,
    people,
    profiles,
    saved_views,
    sign_in_links,
    tokens,
)
from forecastlab.accounts.services import sign_in as signing_in
from forecastlab.accounts.services.access import public, requires
from forecastlab.lib import doorbell
from forecastlab.lib.errors import Conflict, HouseError, NotFound


# -- in and out -------------------------------------------------------------------------------
@public("it is the way in")
@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect(_next_page(request, request.user))
    form = SignInForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _sign_in_page(request, form, status=422 if form.is_bound else 200)
    given = form.cleaned_data
    try:
        person = signing_in.sign_in(
            given["username"], given["password"], address=_address(request), at=timezone.now()
        )
    except HouseError as error:
        form.add_error(error.field, error.message)
        return _sign_in_page(request, form, status=error.status)
    return _enter(request, person, stay=given["stay"])


@public("the one-time secret in its address is the key; only on the machine itself")
@never_cache
@require_GET
def sign_in_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Sign in by a link from the terminal.

    A plain GET, so that one click is enough: the address is new to every browser, so nothing can
    prefetch it before the click, and a browser that says it prefetches is sent away.
    """
    if "prefetch" in request.headers.get("Sec-Purpose", ""):
        return HttpResponse(status=503)
    try:
        person = sign_in_links.spend(secret, address=_direct_address(request), at=timezone.now())
    except HouseError as error:
        return _sign_in_page(request, SignInForm(), status=error.status, refused=error.message)
    return _enter(request, person, stay=True)


@public("whoever is signed in may leave")
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    left = request.user.pk
    logout(request)
    if left:
        doorbell.recheck(left)
    return redirect("accounts:sign-in")


def _sign_in_page(
    request: HttpRequest, form: SignInForm, *, status: int, refused: str = ""
) -> HttpResponse:
    context = {
        "form": form,
        "refused": refused,
        "next": request.POST.get("next") or request.GET.get("next", ""),
        "has_links": settings.FORECASTLAB_EMBEDDED,
    }
    return render(request, "accounts/sign_in.html", context, status=status)


def _enter(request: HttpRequest, person: User, *, stay: bool) -> HttpResponse:
    """Begin a session under a new key and go where the person wanted to, or begins."""
    login(request, person)
    if not stay:
        request.session.set_expiry(0)
    response = redirect(_next_page(request, person))
    _remember_language(response, person)
    return response


def _next_page(request: HttpRequest, person: User) -> str:
    """Return the address asked for if it is one of ours, else the person's first page."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    if wanted.startswith("/") and ours:  # other words could be taken for the name of a view
        return wanted
    try:
        return reverse(landing.place(person.roles))
    except NoReverseMatch:
        return settings.LOGIN_REDIRECT_URL


def _remember_language(response: HttpResponse, person: User) -> None:
    """Django's LocaleMiddleware reads the choice from this cookie, without a query per page."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        queries.profile_of(person).language,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def _address(request: HttpRequest) -> str:
    """Return who asks: the last hop that our own proxy named, else the other end of the line."""
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    named = hops[-1].strip() if settings.FORECASTLAB_HTTPS else ""
    return named or str(request.META.get("REMOTE_ADDR", ""))


def _direct_address(request: HttpRequest) -> str:
    """Return the other end of the line, nothing when somebody stands in between."""
    forwarded = {"X-Forwarded-For", "Forwarded", "Via"} & set(request.headers)
    return "" if forwarded else str(request.META.get("REMOTE_ADDR", ""))


# -- one's own account ------------------------------------------------------------------------
@requires("account.own")
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    person = access.person(request)
    if request.method == "GET":
        return _account_page(request)
    form = ProfileForm(request.POST)
    if not form.is_valid():
        return _account_page(request, status=422, form=form)
    profiles.save(person, **form.cleaned_data)
    response = redirect("accounts:profile")
    _remember_language(response, person)
    return response


@requires("account.own")
@never_cache
@require_POST
def token_create(request: HttpRequest) -> HttpResponse:
    """Answer with the page itself, not a redirect: the secret is shown here and never stored."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _account_page(request, status=422, token_form=form)
    given = form.cleaned_data
    try:
        token, secret = tokens.create(access.person(request), **given, at=timezone.now())
    except tokens.NameTaken as error:
        form.add_error(error.field, error.message)
        return _account_page(request, status=error.status, token_form=form)
    return _account_page(request, made=token, secret=secret)


@requires("account.own")
@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    token = Token.objects.visible_to(access.person(request)).filter(pk=pk).first()
    if token is None:
        raise NotFound(_("There is no such token, or it is not yours."))
    tokens.revoke(token, at=timezone.now())
    return redirect("accounts:profile")


@requires("account.own")
@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Set a new password; other sessions end. An account without one cannot give itself one."""
    person = access.person(request)
    if not person.has_usable_password():
        raise Conflict(_("Your account has no password. An administrator can give it one."))
    form = PasswordChangeForm(person, request.POST or None)
    if not form.is_valid():
        context = {"form": form}
        status = 422 if form.is_bound else 200
        return render(request, "accounts/password.html", context, status=status)
    people.set_password(person, form.cleaned_data["new_password1"])
    update_session_auth_hash(request, person)
    return redirect("accounts:profile")


@requires("account.own")
@require_POST
def sign_out_elsewhere(request: HttpRequest) -> HttpResponse:
    person = people.end_sessions(access.person(request))
    update_session_auth_hash(request, person)
    return redirect("accounts:profile")


# -- views of lists ---------------------------------------------------------------------------
@requires("account.own")
@require_POST
def view_save(request: HttpRequest) -> HttpResponse:
    """Keep what a list is asked for; a name that cannot be used is said above that list."""
    page, query = request.POST.get("page", ""), request.POST.get("query", "")
    by = access.person(request)
    back = saved_views.address(page, query)
    try:
        kept = saved_views.save(request.POST.get("name", ""), page=page, query=query, by=by)
    except HouseError as error:
        messages.warning(request, error.message)
    else:
        messages.info(request, _("Saved as '%(name)s'.") % {"name": kept.name})
    return redirect(back)


@requires("account.own")
@require_POST
def view_delete(request: HttpRequest, pk: int) -> HttpResponse:
    gone = saved_views.delete(pk, by=access.person(request))
    messages.info(request, _("The view '%(name)s' is gone.") % {"name": gone.name})
    return redirect(saved_views.address(gone.page))


def _account_page(request: HttpRequest, *, status: int = 200, **more: object) -> HttpResponse:
    page = queries.account_page(access.person(request), at=timezone.now())
    context = {
        "page": page,
        "form": ProfileForm(initial=model_to_dict(page.profile)),
        "token_form": TokenForm(),
        **more,
    }
    return render(request, "accounts/profile.html", context, status=status)
