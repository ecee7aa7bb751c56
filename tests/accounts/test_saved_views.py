from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from forecastlab.accounts.models import SavedView
from forecastlab.accounts.services import saved_views
from tests.factories import make_user

pytestmark = pytest.mark.django_db
SAVE, PAGE = "/account/views/", "showcase:runs"


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(make_user(name))
    return client


def save(client: Client, name: str, query: str, page: str = PAGE) -> tuple[int, str, str]:
    """Return status, where it leads and what is said there."""
    answer = client.post(SAVE, {"name": name, "query": query, "page": page})
    said = " ".join(str(one) for one in get_messages(answer.wsgi_request))
    return answer.status_code, answer.headers.get("Location", ""), said


def test_a_view_is_kept_by_name_and_replaced_under_it() -> None:
    client = signed_in("alice")

    first = save(client, " failed  ones ", "status=failed&page=3&search=")
    second = save(client, "failed ones", "?status=failed&by=alice")

    assert first == (302, "/runs/?status=failed", "Saved as 'failed ones'.")
    assert second[1] == "/runs/?status=failed&by=alice"
    assert SavedView.objects.get().query == "status=failed&by=alice"


def test_a_view_is_its_owners_alone() -> None:
    alice, bob = signed_in("alice"), signed_in("bob")
    save(alice, "failed", "status=failed")
    view = SavedView.objects.get()

    assert bob.post(f"/account/views/{view.pk}/delete/").status_code == 404
    assert save(bob, "failed", "status=running")[0] == 302
    assert SavedView.objects.count() == 2
    assert alice.post(f"/account/views/{view.pk}/delete/").headers["Location"] == "/runs/"
    assert [one.user.username for one in SavedView.objects.all()] == ["bob"]


@pytest.mark.parametrize("page", ["", "//evil.example/", "showcase:run", "nowhere:list"])
def test_a_view_leads_to_lists_of_ours_only(page: str) -> None:
    assert save(signed_in("alice"), "mine", "a=b", page)[0] == 422
    assert not SavedView.objects.exists()


def test_what_cannot_be_saved_is_said_above_the_list() -> None:
    client = signed_in("alice")

    assert "1 to 60 characters" in save(client, "  ", "status=failed")[2]
    assert "1 to 60 characters" in save(client, "x" * 61, "status=failed")[2]
    assert save(client, "long", "search=" + "x" * 1100)[0] == 422
    assert not SavedView.objects.exists()


def test_a_list_has_so_many_views_and_no_more() -> None:
    client = signed_in("alice")
    for number in range(saved_views.MOST_PER_PAGE):
        save(client, f"view {number}", f"page_of={number}")

    assert "Delete one first" in save(client, "one more", "status=failed")[2]
    assert save(client, "view 1", "status=failed")[2].endswith("Saved as 'view 1'.")
    assert SavedView.objects.count() == saved_views.MOST_PER_PAGE
