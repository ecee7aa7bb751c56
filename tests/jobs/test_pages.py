from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.test import Client

from forecastlab.accounts.models import User
from forecastlab.events.services import access
from forecastlab.jobs import event_streams
from forecastlab.jobs.models import Job
from forecastlab.jobs.queries import kinds
from forecastlab.jobs.services import jobs
from forecastlab.lib.contributions import JobKind
from tests.factories import make_job, make_user, run_job
from tests.jobs_lab import job_kinds

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client: Client) -> Client:
    client.force_login(make_user("alice"))
    return client


def make_mine(kind: str = "lab", **params: object) -> Job:
    alice = User.objects.filter(username="alice").first() or make_user("alice")
    return make_job(kind, by=alice, **params)


def test_a_job_page_shows_status_progress_and_steps(signed_in: Client) -> None:
    job = make_mine()
    jobs.advance(job.pk)

    page = signed_in.get(f"/jobs/{job.pk}/").content.decode()

    assert f'data-live-stream="job.{job.pk}"' in page
    assert f'id="job-{job.pk}-progress"' in page
    assert "one is done" in page


def test_the_pushed_region_is_the_part_of_the_page(signed_in: Client) -> None:
    job = make_mine()
    page = signed_in.get(f"/jobs/{job.pk}/").content.decode()

    region = event_streams.JOBS.regions[0]

    assert region.render is not None
    assert "".join(region.render(str(job.pk)).split()) in "".join(page.split())


def test_where_more_is_read_comes_as_soon_as_there_is_something(signed_in: Client) -> None:
    def address(job_id: int) -> str:
        return "/made/" if Job.objects.get(pk=job_id).status == "succeeded" else ""

    def facts() -> str:
        asked = {"stream": f"job.{job.pk}", "after": 0, "shown": f"job-{job.pk}-facts"}
        told = signed_in.get("/live/poll", asked).json()
        return str(told["regions"][f"job-{job.pk}-facts"])

    kind = JobKind("making", "Makes a page", job_kinds.lab.steps, address=address)
    with kinds.registered(kind):
        job = make_mine("making")
        before = facts()
        run_job(job)
        after = facts()
        page = signed_in.get(f"/jobs/{job.pk}/").content.decode()

    link = '<a href="/made/">Open its page</a>'
    assert "alice" in before
    assert link not in before
    assert link in after
    assert "".join(after.split()) in "".join(page.split())


def test_a_stranger_finds_no_job_and_hears_no_stream(client: Client) -> None:
    job = make_mine()
    charlie = make_user("charlie")
    client.force_login(charlie)

    assert client.get(f"/jobs/{job.pk}/").status_code == 404
    assert client.post(f"/jobs/{job.pk}/cancel/").status_code == 404
    assert client.get(f"/api/v1/jobs/{job.pk}").status_code == 404
    assert not access.can_read(charlie, f"job.{job.pk}")
    assert f"/jobs/{job.pk}/" not in client.get("/jobs/").content.decode()


def test_who_may_see_what_a_job_works_on_sees_the_job(client: Client) -> None:
    open_kind = JobKind("open", "Open to all", job_kinds.lab.steps, can_see=lambda *_: True)
    with kinds.registered(open_kind):
        job = make_mine("open")
        client.force_login(make_user("bob"))

        assert client.get(f"/jobs/{job.pk}/").status_code == 200


def test_stopping_from_the_page(signed_in: Client) -> None:
    job = make_mine()

    answer = signed_in.post(f"/jobs/{job.pk}/cancel/", follow=True)

    job.refresh_from_db()
    assert job.status == "cancelled"
    assert answer.redirect_chain == [(f"/jobs/{job.pk}/", 302)]


def test_a_viewer_is_told_why_he_cannot_stop_it(client: Client) -> None:
    viewer = make_user("alice", role="viewer")
    job = make_job(by=viewer)
    client.force_login(viewer)

    assert "job.cancel" in client.get(f"/jobs/{job.pk}/actions/").content.decode()
    assert client.post(f"/jobs/{job.pk}/cancel/").status_code == 403


def test_the_list_keeps_a_number_of_queries_whatever_its_length(
    signed_in: Client, django_assert_max_num_queries: object
) -> None:
    for _ in range(10):
        make_mine()

    with django_assert_max_num_queries(12):  # type: ignore[operator]
        signed_in.get("/jobs/")


def test_the_api_lists_in_pages(signed_in: Client) -> None:
    made = [make_mine().pk for _ in range(3)]

    first = signed_in.get("/api/v1/jobs?limit=2").json()
    second = signed_in.get(f"/api/v1/jobs?limit=2&cursor={first['next']}").json()

    assert [one["job"] for one in first["items"]] == made[:0:-1]
    assert [one["job"] for one in second["items"]] == made[:1]
    assert second["next"] is None


def test_the_api_tells_of_a_job_and_its_steps(signed_in: Client) -> None:
    job = run_job(make_mine(orders={"two": {"do": "fail"}}))

    told = signed_in.get(f"/api/v1/jobs/{job.pk}").json()

    assert (told["status"], told["error"]["step"]) == ("failed", "two")
    assert [one["outcome"] for one in told["steps"]] == ["pass", "fail", ""]


@pytest.mark.parametrize(
    "query", ["status=tired", "limit=0", "limit=1001", "cursor=x", "cursor=" + "9" * 19]
)
def test_the_api_refuses_what_it_cannot_use(signed_in: Client, query: str) -> None:
    assert signed_in.get(f"/api/v1/jobs?{query}").status_code == 422


def test_the_command_lists_and_filters(capsys: pytest.CaptureFixture[str]) -> None:
    done = run_job(make_mine())
    make_mine()

    call_command("list_jobs", "--json", "--as", "alice", "--status", "succeeded", "--kind", "lab")

    told = json.loads(capsys.readouterr().out)
    assert [one["job"] for one in told["items"]] == [done.pk]
    assert told["next"] is None


def test_the_command_says_what_is_wrong_with_a_status(capsys: pytest.CaptureFixture[str]) -> None:
    make_user("alice")

    with pytest.raises(SystemExit) as refused:
        call_command("list_jobs", "--json", "--as", "alice", "--status", "tired")

    assert refused.value.code == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["field"]) == ("bad_input", "status")


def test_the_admin_shows_jobs_and_stops_them(client: Client) -> None:
    client.force_login(make_user("root", role="admin"))
    job = make_mine()

    chosen = {"action": "stop", "_selected_action": [job.pk]}
    client.post("/admin/jobs/job/", chosen)

    job.refresh_from_db()
    assert job.status == "cancelled"
    assert client.get("/admin/jobs/jobstep/").status_code == 200
