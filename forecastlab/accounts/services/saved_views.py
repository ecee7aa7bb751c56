"""What a person asks a list for, kept by name and found again above it."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from django.urls import NoReverseMatch, reverse

from forecastlab.accounts.models import SavedView, User
from forecastlab.lib.errors import BadInput, NotFound

LONGEST_NAME = 60
LONGEST_QUERY = 1000
MOST_PER_PAGE = 30
NOT_KEPT = frozenset({"page"})  # where the reader stood is no part of what was asked for


class NoSuchView(NotFound):
    """You have no such saved view."""

    code = "no_such_view"


class ViewUnusable(BadInput):
    """A view cannot be saved like that."""

    code = "view_unusable"


def listed(page: str, *, of: User) -> list[SavedView]:
    """Return somebody's views of the list at the address named `page`."""
    return list(SavedView.objects.visible_to(of).filter(page=page).order_by("name"))


def save(name: str, *, page: str, query: str, by: User) -> SavedView:
    """Keep what a list is asked for under a name, instead of what was kept under it.

    Raises ViewUnusable, with the field, when name, page or query are not to be used.
    """
    called, asked = " ".join(name.split()), _checked_query(query)
    if not 0 < len(called) <= LONGEST_NAME or not called.isprintable():
        raise ViewUnusable(f"A view's name has 1 to {LONGEST_NAME} characters.", field="name")
    address(page)
    own = SavedView.objects.visible_to(by).filter(page=page)
    if own.exclude(name=called).count() >= MOST_PER_PAGE:
        hint = "Delete one first."
        raise ViewUnusable(f"A list has up to {MOST_PER_PAGE} views.", hint=hint, field="name")
    view, _made = SavedView.objects.update_or_create(
        user=by, page=page, name=called, defaults={"query": asked}
    )
    return view


def _checked_query(query: str) -> str:
    asked = parse_qsl(query.removeprefix("?"))
    text = urlencode([(key, value) for key, value in asked if key not in NOT_KEPT])
    if len(text) > LONGEST_QUERY:
        raise ViewUnusable("This view asks for too much to be saved.", field="query")
    return text


def address(page: str, query: str = "") -> str:
    """Return the address of a list with what is asked for; raises ViewUnusable."""
    try:
        at = reverse(page)
    except NoReverseMatch as error:
        raise ViewUnusable(f"There is no list '{page}'.", field="page") from error
    asked = _checked_query(query)
    return f"{at}?{asked}" if asked else at


def delete(pk: int, *, by: User) -> SavedView:
    """Forget a view and return what it was; raises NoSuchView."""
    found = SavedView.objects.visible_to(by).filter(pk=pk).first()
    if found is None:
        raise NoSuchView("You have no such saved view.")
    SavedView.objects.filter(pk=pk).delete()
    return found
