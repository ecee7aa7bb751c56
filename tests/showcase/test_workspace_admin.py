from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from showcase.models import Run, Workspace
from showcase.services import curation
from tests.factories import make_group, make_run, make_user, make_version, make_workspace

pytestmark = pytest.mark.django_db

LIST = "/admin/showcase/workspace/"
AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
MANY = 300


@pytest.fixture
def admins(client: Client) -> Client:
    client.force_login(make_user("root", role="admin"))
    return client


def act(client: Client, action: str, *chosen: Workspace, **more: str):
    given = {"action": action, "_selected_action": [one.pk for one in chosen], **more}
    return client.post(LIST, given, follow=True)


def multiply(kept: Workspace) -> None:
    """Keep many more runs like the one given, over the same sales."""
    like = Run.objects.get(pk=kept.run_id)
    like.job = None
    made = []
    for _ in range(MANY):
        like.pk = None
        made.append(Run(**{f.attname: getattr(like, f.attname) for f in Run._meta.concrete_fields}))
    found = Run.objects.bulk_create(made)
    Workspace.objects.bulk_create(
        Workspace(
            run=run,
            key=f"{run.pk:032d}",
            family=f"{run.pk:032d}",
            name=f"many-{run.pk}",
            tags=["many"],
            created_by=kept.created_by,
            created_at=kept.created_at - timedelta(hours=1),
            updated_at=kept.created_at,
        )
        for run in found
    )


def test_the_list_is_searched_and_filtered_and_asks_little_however_long_it_is(
    admins: Client,
) -> None:
    kept = make_workspace("rich-a", notes="Easter week.", archived=True)
    multiply(kept)
    admins.get(LIST)

    for query in ("", "?q=easter", "?archived__exact=0&run__status__exact=queued"):
        with CaptureQueriesContext(connection) as asked:
            page = admins.get(f"{LIST}{query}")
        assert page.status_code == 200
        assert len(asked) < 12, query
        assert ("rich-a" in page.text) == ("archived" not in query)


def test_what_is_not_for_an_administrator_is_not_listed(admins: Client) -> None:
    make_workspace("open")
    run = make_run(dataset=make_version(name="payroll").ref)
    hidden = make_workspace("not-for-you", run=run)
    run.version.dataset.readers.add(make_group("few"))

    listed = admins.get(LIST).content.decode()

    assert "open" in listed
    assert hidden.name not in listed
    assert admins.get(f"{LIST}{hidden.pk}/change/").status_code == 302
    for what in ("run", "steprun", "runobject"):
        assert "payroll" not in admins.get(f"/admin/showcase/{what}/").content.decode()


def test_a_workspace_shows_its_story_and_what_was_done_with_it(admins: Client) -> None:
    run = make_run(focus="S0:P1")
    kept = make_workspace("rich-a", run=run, job_ids=["4711"])
    assert kept.created_by is not None
    curation.edit(kept, {"pinned": True, "notes": "<b>x</b>"}, by=kept.created_by, at=AT)

    page = admins.get(f"{LIST}{kept.pk}/change/")

    for told in ("4711", "S0", "workspace.kept", "workspace.pinned", "run.queued"):
        assert told in page.text
    assert "<b>x</b>" not in page.text
    assert 'name="notes"' not in page.text
    assert admins.post(f"{LIST}{kept.pk}/delete/", {"post": "yes"}).status_code == 403


def test_actions_go_through_the_services_and_deleting_asks_first(admins: Client) -> None:
    first, second = make_workspace("rich-a"), make_workspace("rich-b")

    assert "2 workspaces done." in act(admins, "archive", first, second).text
    assert "1 workspace done." in act(admins, "pin", first).text
    assert "1 export started." not in act(admins, "export", first).text  # it has not ended
    first.refresh_from_db()
    assert (first.archived, first.pinned, first.version) == (True, True, 3)

    asked = act(admins, "delete", first)
    assert f"run {first.run_id}" in asked.text
    assert Workspace.objects.count() == 2
    act(admins, "delete", first, confirmed="yes")

    assert list(Workspace.objects.values_list("name", flat=True)) == ["rich-b"]
    assert Run.objects.count() == 2
