"""The pages of kept runs: keep, find, annotate, do things to several, delete."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.lib import artefacts
from showcase.models import Bundle, Run, Workspace
from showcase.services import curation
from tests.factories import make_group, make_run, make_user, make_version
from tests.showcase.test_pages import signed_in, text_of

pytestmark = pytest.mark.django_db
LIST, BULK = "/workspaces/", "/workspaces/bulk/"


def make_kept(
    name: str, *, by: User | None = None, run: Run | None = None, **said: Any
) -> Workspace:
    """Keep a new run over `shop`, or the one given."""
    by = by or User.objects.filter(username="alice").first() or make_user()
    kept = run or make_run(by=by)
    return curation.keep(kept, {"name": name, **said}, by=by, at=timezone.now())


def names(client: Client, query: str = "") -> list[str]:
    """Return what the list shows, from top to bottom."""
    rows = client.get(f"{LIST}{query}").context["list"].rows
    return [row.workspace.name for row in rows]


def said(answer: Any) -> str:
    return " ".join(str(one) for one in get_messages(answer.wsgi_request))


@pytest.fixture
def alice() -> User:
    return make_user()


@pytest.fixture
def alices(alice: User) -> Client:
    return signed_in(alice)


# -- keep ---------------------------------------------------------------------------------------


def test_a_run_is_kept_from_its_page_and_leads_to_its_workspace(alices: Client) -> None:
    run = make_run()
    address = f"/runs/{run.pk}/keep/"

    assert address in text_of(alices, f"/runs/{run.pk}/")
    answer = alices.post(
        address, {"name": "weekly-1", "tags": "north, weekly,,north", "notes": "*why*"}
    )

    assert answer.headers["Location"] == "/workspaces/weekly-1/"
    kept = Workspace.objects.get()
    assert (kept.run, kept.tags) == (run, ["north", "weekly"])
    assert "<em>why</em>" in text_of(alices, "/workspaces/weekly-1/")
    page = text_of(alices, f"/runs/{run.pk}/")
    assert "/workspaces/weekly-1/" in page
    assert address not in page
    assert alices.get(address).headers["Location"] == "/workspaces/weekly-1/"


@pytest.mark.parametrize(
    "name", ["Weekly 1", "a/b", "../x", "compare", "bulk", "tags", "import", "0f" * 16]
)
def test_a_name_that_no_address_can_hold_is_refused_under_its_field(
    alices: Client, name: str
) -> None:
    run = make_run()

    page = alices.post(f"/runs/{run.pk}/keep/", {"name": name})

    assert page.status_code == 422
    assert page.context["form"].errors.keys() == {"name"}
    assert not Workspace.objects.exists()


# -- find ---------------------------------------------------------------------------------------


def test_the_list_is_searched_filtered_and_sorted_by_its_address(
    alice: User, alices: Client
) -> None:
    make_kept("beta", notes="Prices fell in nov/dec.", tags=["weekly", "By hand"])
    make_kept("alpha", tags=["weekly", "north"], archived=True)
    make_kept("gamma", tags=["north"], pinned=True)
    make_version(name="other", by=alice)
    number = make_kept("delta", run=make_run(by=alice, dataset="other")).run_id

    assert names(alices) == ["gamma", "delta", "beta"]
    assert names(alices, "?sort=name") == ["gamma", "beta", "delta"]
    assert names(alices, "?search=PRICES") == ["beta"]
    assert names(alices, "?search=week") == ["beta"]
    assert names(alices, "?search=eLT") == ["delta"]  # any part of a name
    assert names(alices, "?search=hand") == ["beta"]  # and of a tag
    assert names(alices, "?search=dec+fel") == ["beta"]  # beginnings of words of the notes
    assert [names(alices, f"?search={one}") for one in ("ell", "!", "'|\\%26", ",", "%25")] == [
        []
    ] * 5
    assert names(alices, f"?search={number}") == ["delta"]
    assert names(alices, "?tag=north&archived=also") == ["gamma", "alpha"]
    assert names(alices, "?tag=north&tag=weekly&archived=only") == ["alpha"]
    assert names(alices, "?dataset=other") == ["delta"]
    assert names(alices, "?status=queued&by=alice&view=pinned") == ["gamma"]
    assert names(alices, "?status=failed") == []
    assert names(alices, "?sort=nonsense&view=nonsense&archived=nonsense&page=99") == [
        "gamma",
        "delta",
        "beta",
    ]


def test_an_empty_list_says_which_filter_keeps_matches_away(alices: Client) -> None:
    assert "Nothing is kept here yet" in text_of(alices, LIST)
    make_kept("beta", tags=["weekly"])

    page = text_of(alices, f"{LIST}?tag=weekly&search=nothing")

    assert "1 match without “nothing”" in page
    assert 'href="?tag=weekly"' in page
    assert "no single one of them is the reason" in text_of(alices, f"{LIST}?tag=no&search=no")


def test_a_view_is_saved_by_name_and_shown_as_a_tab(alices: Client) -> None:
    make_kept("beta", tags=["weekly"])
    query = "tag=weekly&status=queued"
    saved = {"page": "showcase:workspaces", "name": "Bakery trials", "query": query}

    alices.post("/account/views/", saved)

    tabs = {view.label: view for view in alices.get(f"{LIST}?{query}").context["list"].views}
    assert tabs["Bakery trials"].is_here
    assert not tabs["Kept as workspaces"].is_here
    assert tabs["Bakery trials"].url == f"?{query}"
    assert "Bakery trials" in text_of(alices, LIST)


def test_a_list_asks_the_database_as_often_for_many_rows_as_for_few(
    alices: Client, django_assert_max_num_queries: Any
) -> None:
    source = make_kept("one")
    for place in range(12):
        kept = make_kept(f"replay-{place}", tags=["a", "b", "c"])
        Workspace.objects.filter(pk=kept.pk).update(
            replayed_from=source.key, ancestors=[{"key": source.key, "name": "one"}]
        )

    with django_assert_max_num_queries(17):
        page = text_of(alices, LIST)

    assert "Replayed from one" in page


# -- annotate -----------------------------------------------------------------------------------


def test_a_workspace_is_renamed_annotated_and_tagged(alices: Client) -> None:
    make_kept("beta")
    form = {"version": "1", "name": "beta-2", "tags": "a, b", "notes": "**so**", "pinned": "on"}

    answer = alices.post("/workspaces/beta/edit/", form)

    assert answer.headers["Location"] == "/workspaces/beta-2/"
    kept = Workspace.objects.get()
    assert (kept.tags, kept.pinned, kept.archived) == (["a", "b"], True, False)
    page = text_of(alices, "/workspaces/beta-2/")
    assert "<strong>so</strong>" in page
    assert "?tag=a" in page


def test_a_name_from_before_leads_on_until_another_takes_it(alices: Client) -> None:
    kept, other = make_kept("before"), make_kept("other")
    bundle = Bundle.objects.create(
        workspace=kept, digest=artefacts.put(b"zip"), size=3, files=1, created_at=timezone.now()
    )
    for name in ("between", "after"):
        kept = curation.edit(kept, {"name": name}, by=kept.run.requested_by, at=timezone.now())

    for old in ("before", "between"):
        assert alices.get(f"/workspaces/{old}/").headers["Location"] == "/workspaces/after/"
        led = alices.get(f"/workspaces/{old}/export/").headers["Location"]
        assert led == "/workspaces/after/export/"
        assert alices.get(f"/api/v1/workspaces/{old}").json()["workspace"] == "after"
    for name in ("before", "after", kept.key):
        whole = alices.get(f"/api/v1/workspaces/{name}/bundles/{bundle.pk}")
        assert b"".join(whole.streaming_content) == b"zip"
        columns = alices.get(f"/workspaces/compare/?of={name}&of=other").content.decode()
        assert "after" in columns
    twice = alices.get(f"/api/v1/workspaces/compare?of=before&of={kept.key}")
    assert twice.status_code == 422
    curation.edit(other, {"name": "before"}, by=other.run.requested_by, at=timezone.now())
    assert alices.get("/api/v1/workspaces/before").json()["key"] == other.key


def test_an_edit_of_what_was_changed_meanwhile_keeps_what_was_typed(alices: Client) -> None:
    make_kept("beta")
    alices.post("/workspaces/beta/edit/", {"version": "1", "name": "beta", "notes": "first"})

    stale = {"version": "1", "name": "beta", "notes": "second"}
    page = alices.post("/workspaces/beta/edit/", stale)

    assert page.status_code == 409
    assert "Somebody changed it" in page.text
    assert "second" in page.text
    assert Workspace.objects.get().notes == "first"
    again = {**stale, "version": page.context["form"]["version"].value()}
    assert alices.post("/workspaces/beta/edit/", again).status_code == 302
    assert Workspace.objects.get().notes == "second"


def test_what_cannot_be_said_is_refused_under_its_field(alices: Client) -> None:
    make_kept("alpha")
    make_kept("beta")
    wrong = {"name": "alpha"}, {"tags": "x" * 41}, {"notes": "x" * 10_001}, {"name": ""}

    for fields in wrong:
        form = {"version": "1", "name": "beta", **fields}
        page = alices.post("/workspaces/beta/edit/", form)
        assert page.status_code == 422
        assert page.context["form"].errors.keys() == fields.keys()


def test_notes_come_out_harmless(alices: Client) -> None:
    make_kept(
        "beta",
        notes="<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>",
    )

    page = text_of(alices, "/workspaces/beta/")

    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert "<img" not in page


def test_tags_are_offered_as_they_are_typed(alice: User, alices: Client) -> None:
    make_kept("alpha", tags=["north", "weekly"])
    make_kept("beta", tags=["north", "Nordic"])
    hidden = make_version(name="secret", by=make_user("owner"))
    hidden.dataset.readers.add(make_group("others"))
    make_kept(
        "gamma",
        by=hidden.created_by,
        run=make_run(by=hidden.created_by, dataset="secret"),
        tags=["nowhere"],
    )

    offered = text_of(alices, "/workspaces/tags/?tags=weekly, no")

    assert 'value="weekly, north"' in offered
    assert 'value="weekly, Nordic"' in offered
    assert "nowhere" not in offered
    assert "<html" not in offered


# -- several at once, and deletion --------------------------------------------------------------


def test_ticked_rows_are_tagged_pinned_archived_and_restored(alices: Client) -> None:
    for name in ("alpha", "beta", "gamma"):
        make_kept(name)
    pick = ["alpha", "beta"]

    alices.post(BULK, {"pick": pick, "action": "tag", "tag": "north"})
    alices.post(BULK, {"pick": pick, "action": "pin"})
    answer = alices.post(BULK, {"pick": pick, "action": "archive", "query": "sort=name&evil=//x"})

    assert said(answer).endswith("2 archived.")
    assert answer.headers["Location"] == "/workspaces/?sort=name"
    assert names(alices) == ["gamma"]
    assert names(alices, "?archived=only&tag=north&view=pinned&sort=name") == pick
    alices.post(BULK, {"all": "1", "query": "archived=only&tag=north", "action": "restore"})
    assert len(names(alices)) == 3


def test_each_row_that_refuses_says_why_and_the_others_are_done(alices: Client) -> None:
    make_kept("alpha", tags=[f"tag-{n}" for n in range(20)])
    make_kept("beta")

    page = alices.post(
        BULK, {"pick": ["alpha", "beta", "gone"], "action": "tag", "tag": "one-more"}
    )

    assert page.status_code == 200
    assert "1 of 3 done" in page.text
    assert "at most 20 tags" in page.text
    assert "no workspace" in page.text
    assert Workspace.objects.get(name="beta").tags == ["one-more"]


@pytest.mark.parametrize(
    "form",
    [{"action": "pin"}, {"action": "burn", "pick": "beta"}, {"action": "tag", "pick": "beta"}],
)
def test_a_bulk_action_without_rows_tags_or_sense_changes_nothing(
    alices: Client, form: dict[str, str]
) -> None:
    before = make_kept("beta")

    answer = alices.post(BULK, form)

    assert answer.status_code == 302
    assert said(answer)
    assert Workspace.objects.get().version == before.version


def test_rows_are_deleted_after_their_page_has_said_what_stays(alices: Client) -> None:
    runs = [make_kept(name).run_id for name in ("alpha", "beta")]

    asked = alices.post(BULK, {"pick": ["alpha", "beta"], "action": "delete"})

    assert asked.status_code == 200
    assert "What stays" in asked.text
    assert f"run {runs[0]}, until it is pruned" in asked.text
    assert Workspace.objects.count() == 2
    gone = alices.post(BULK, {"pick": ["alpha", "beta"], "action": "delete-confirmed"})
    assert said(gone).endswith("2 deleted. Their runs stay.")
    assert not Workspace.objects.exists()
    assert sorted(Run.objects.values_list("pk", flat=True)) == sorted(runs)


# -- who may --------------------------------------------------------------------------------------


def test_a_viewer_reads_and_compares_and_finds_no_other_action(alice: User) -> None:
    make_kept("beta")
    bob = signed_in(make_user("bob", role="viewer"))

    listed, shown = text_of(bob, LIST), text_of(bob, "/workspaces/beta/")

    assert 'value="compare"' in listed
    assert 'value="pin"' not in listed
    assert 'value="delete"' not in listed
    assert "/workspaces/beta/edit/" not in shown
    assert bob.post(BULK, {"pick": ["beta"], "action": "pin"}).status_code == 403
    assert bob.post(BULK, {"pick": ["beta"], "action": "delete"}).status_code == 403
    compared = bob.post(BULK, {"pick": ["beta", "gamma"], "action": "compare"})
    assert compared.headers["Location"] == "/workspaces/compare/?of=beta&of=gamma"
    assert bob.get("/workspaces/beta/edit/").status_code == 403
    assert bob.get("/workspaces/beta/delete/").status_code == 403


def test_a_stranger_sees_nothing_of_what_is_not_for_him(alice: User) -> None:
    version = make_version(by=alice)
    version.dataset.readers.add(make_group("readers"))
    make_kept("beta", run=make_run(by=alice), tags=["secret"])
    charlie = signed_in(make_user("charlie"))

    assert names(charlie) == []
    for address in ("/workspaces/beta/", "/workspaces/beta/edit/", "/workspaces/beta/delete/"):
        assert charlie.get(address).status_code == 404
    told = charlie.post(BULK, {"pick": ["beta"], "action": "pin"})
    assert "no workspace" in told.text
    assert not Workspace.objects.get().pinned
