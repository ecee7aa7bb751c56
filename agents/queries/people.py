from __future__ import annotations

from collections.abc import Collection

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

from agents.models import Notice
from forecastlab.accounts.models import User

PER_PAGE = 50


def people_in(groups: Collection[str]) -> QuerySet[User]:
    """Return the people who are in any of these groups, without those whose account is closed."""
    people = User.objects.filter(kind=User.Kind.PERSON, is_active=True)
    return people.filter(groups__name__in=groups).distinct().order_by("username")


def notices_to(person: User, *, page: str) -> Page[Notice]:
    """Return a page of what agents told a person, newest first."""
    found = Notice.objects.visible_to(person).select_related("session", "sent_for").newest()
    return Paginator(found, PER_PAGE).get_page(page)
