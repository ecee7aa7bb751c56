"""The rows of a run that let agents work: how long they wait for people, and what is told later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents import pipeline_steps
from agents.models import Approval, Session
from agents.services import decisions, run_waits
from forecastlab.accounts.models import User
from forecastlab.events import queries as events
from forecastlab.jobs.models import Job, JobStep
from forecastlab.lib import holding, registry
from forecastlab.lib.errors import BadInput
from forecastlab.planning.models import Plan
from showcase.models import Run, StepRun, Workspace
from showcase.services import replaying, workspaces
from showcase.services.replaying import Asked
from tests.agents.factories import advance, make_judged
from tests.factories import make_group, make_run, make_user, work_off

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

# The row of the long table, in a run that takes no time for its others.
GATE = "agent_gate"
LATE = timedelta(seconds=500)


@pytest.fixture
def alice() -> User:
    person = make_user()
    make_judged(person)
    return person


@pytest.fixture(autouse=True)
def _gated() -> Iterator[None]:
    row = replace(pipeline_steps.PLAN, name=GATE, after=("agent",), tables=("short",))
    with registry.contributing("pipeline_steps", row):
        yield


def work(run: Run) -> Run:
    """Do what workers would do for a run and the sessions it starts, until nothing is due."""
    for _ in range(12):
        work_off(run)
        if not run.is_active:
            return run
        for session in Session.objects.filter(run=run).order_by("pk"):
            advance(session)
        if not JobStep.objects.filter(job=run.job_id).exclude(due_at=None).exists():
            return run
    return run


def gated_run(**options: object) -> Run:
    return work(make_run(dataset="shop", models=["naive"], horizon=7, folds=2, **options))


def row(run: Run, name: str = GATE) -> StepRun:
    return run.steps.get(name=name)


def asked_of(run: Run) -> Approval:
    return Approval.objects.get(invocation__session__run=run, status="open")


def decide(approval: Approval, verdict: str, *, by: User, reason: str = "") -> None:
    decisions.decide(
        approval.pk,
        verdict,
        by=by,
        version=approval.version,
        digest=approval.digest,
        reason=reason,
        at=timezone.now(),
    )
    advance(approval.invocation.session)


def test_a_run_goes_on_without_an_answer_and_tells_of_a_later_one(alice: User) -> None:
    assert row(Run.objects.get(), "agent").outcome == "skip"  # without agents
    run = gated_run(keep="week")

    look, lapsed, cleared = row(run, "agent"), row(run), row(run, "cleanup")
    assert run.status == Run.Status.SUCCEEDED
    assert (look.outcome, lapsed.outcome) == ("pass", "skip")
    assert "is best over all series of shop@1" in look.detail
    approval = asked_of(run)
    session = approval.invocation.session
    held = f"session {session.ref} of an agent is not over"
    assert held in holding.holders("dataset_version", run.version_id or 0)
    assert held in holding.holders("run", run.pk)
    assert lapsed.detail == f"{session.ref} waits for a decision: {approval.title}"
    assert f"Left open: {lapsed.detail}." in cleared.detail
    assert (session.dataset_version.ref, session.requested_by) == ("shop@1", alice)
    assert not Plan.objects.exists()
    told = Workspace.objects.get().approval_events
    assert [(one["decision"], one["tool_name"]) for one in told] == [("open", "save_plan")]

    dora = make_user("dora", role="approver")
    dora.groups.add(make_group("readers"))
    decide(approval, "approve", by=dora, reason="Worth a try")

    assert held not in holding.holders("run", run.pk)
    plan = Plan.objects.get()
    assert (plan.created_by, plan.version.ref) == (alice, "shop@1")
    (told,) = Workspace.objects.get().approval_events
    assert (told["decision"], told["decided_by"], told["executed"]) == ("approved", "dora", True)
    assert told["reason"] == "Worth a try"
    run.refresh_from_db()
    assert (run.status, row(run).outcome) == (Run.Status.SUCCEEDED, "skip")
    _later_answer_is_shown(run, approval, viewer=alice)


def what_happened(page: str) -> str:
    """Return the story on the page of a run, or of its workspace."""
    return page.partition('<ul class="story">')[2].partition("</ul>")[0]


@pytest.mark.parametrize(("keep", "patience"), [(None, 0), ("week", 0), (None, 600)])
def test_the_story_of_a_run_tells_who_decided_whether_it_is_kept_or_not(
    alice: User, keep: str | None, patience: int
) -> None:
    run = gated_run(keep=keep, approval_patience_s=patience)
    approval = asked_of(run)
    client = Client()
    client.force_login(alice)
    before = client.get(run.get_absolute_url()).content.decode()

    decide(approval, "reject", by=alice, reason="Not now")
    work(run)

    said = f"alice rejected: {approval.title}. Nothing was done."
    assert said not in what_happened(before)
    story = what_happened(client.get(run.get_absolute_url()).content.decode())
    assert story.count(said) == 1
    assert (story.index(said) > story.index("It was done after")) is (patience == 0)


def _later_answer_is_shown(run: Run, approval: Approval, *, viewer: User) -> None:
    client = Client()
    client.force_login(viewer)
    page = client.get(run.get_absolute_url()).content.decode()
    assert f"dora approved: {approval.title}." in page
    assert (
        "dora approved"
        in [one.payload.get("detail", "") for one in events.after(run.stream, 0)][-1]
    )
    story = client.get(Workspace.objects.get().get_absolute_url()).content.decode()
    assert "Approved: save_plan" in story
    assert "dora: Worth a try" in story


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_a_run_waits_as_long_as_it_is_patient_and_is_answered_on_its_page(
    alice: User, verdict: str
) -> None:
    run = gated_run(approval_patience_s=600)

    approval = asked_of(run)
    assert (run.status, row(run).status) == (Run.Status.WAITING, StepRun.Status.WAITING)
    assert not JobStep.objects.filter(job=run.job_id).exclude(worker="").exists()
    client = Client()
    client.force_login(alice)
    page = client.get(run.get_absolute_url()).content.decode()
    address = reverse("agents:run-gate", args=[run.pk, GATE])
    shown = (f'hx-get="{address}"', "the run waits 600 s for it, a later one counts too")
    assert [one for one in shown if one not in page] == []
    assert client.get(address).headers["Location"] == approval.get_absolute_url()
    card = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert 'value="approve"' in card
    assert approval.title in card
    known = f"{address}?seen=a{approval.pk}v{approval.version}"
    assert f'hx-get="{known}"' in card
    assert client.get(known, headers={"HX-Request": "true"}).status_code == 204
    _let_pass(run)
    answer = client.post(
        reverse("agents:approval-decide", args=[approval.pk]),
        {
            "verdict": verdict,
            "version": approval.version,
            "digest": approval.digest,
            "next": f"{run.get_absolute_url()}#step-{GATE}",
        },
    )
    assert answer.headers["Location"].startswith(run.get_absolute_url())
    assert b"gate-outcome" in client.get(known, headers={"HX-Request": "true"}).content

    work(run)

    assert (run.status, row(run).outcome) == (Run.Status.SUCCEEDED, "pass")
    assert Plan.objects.count() == (verdict == "approve")
    said = "approved" if verdict == "approve" else "rejected"
    assert f"alice {said}: {approval.title}." in row(run).detail
    assert row(run).data["approvals"][0]["executed"] is (verdict == "approve")
    # What it waited is nobody's time.
    assert run.seconds is not None
    assert run.seconds < LATE.total_seconds() / 2
    assert (row(run).seconds or 0) < LATE.total_seconds() / 2


def _let_pass(run: Run) -> None:
    """Let a run that waits have begun, and have parked, some minutes ago."""
    Run.objects.filter(pk=run.pk).update(started_at=run.started_at - LATE)
    step = JobStep.objects.get(job=run.job_id, name=GATE)
    JobStep.objects.filter(pk=step.pk).update(started_at=step.started_at - LATE)
    job = Job.objects.get(pk=run.job_id)
    assert job.parked_at is not None
    Job.objects.filter(pk=job.pk).update(parked_at=job.parked_at - LATE)


def test_patience_ends_and_the_sweep_makes_good_a_lost_call(alice: User) -> None:
    run = gated_run(approval_patience_s=60)
    approval = asked_of(run)
    run_waits.sweep(timezone.now())
    assert work(run).status == Run.Status.WAITING

    earlier = approval.opened_at - timedelta(seconds=61)
    Approval.objects.filter(pk=approval.pk).update(opened_at=earlier)
    run_waits.sweep(timezone.now())

    assert work(run).status == Run.Status.SUCCEEDED
    assert row(run).outcome == "skip"
    assert asked_of(run).pk == approval.pk


def test_agents_do_nothing_in_an_exact_replay_nor_for_those_who_may_not(alice: User) -> None:
    source = workspaces.keep(Run.objects.get(), "week", by=alice, at=timezone.now())
    replay = work(replaying.start(source, Asked(), by=alice, at=timezone.now()))
    assert replay.status == Run.Status.SUCCEEDED
    assert row(replay, "agent").detail.startswith("A replay shows what was")

    run = make_run(dataset="shop", models=["naive"], horizon=7, folds=2)
    alice.groups.clear()
    alice.groups.add(make_group("viewer"), make_group("readers"))
    work(run)

    assert row(run, "agent").detail == "Who started the run may not start agents."
    assert not Session.objects.exists()


def test_patience_is_a_setting_that_changes_no_hash(alice: User) -> None:
    plain, patient = (
        make_run(models=["naive"], horizon=7, folds=2, **more)
        for more in ({}, {"approval_patience_s": 3600})
    )
    client = Client()
    client.force_login(alice)
    form = {"sales": "dataset:shop", "models": ["naive"], "horizon": 7, "folds": 2}
    assert client.post(reverse("showcase:run-new"), form).status_code == 302
    on_page = Run.objects.latest("pk")

    assert "approval_patience_s" not in plain.config
    assert patient.config["approval_patience_s"] == 3600
    assert on_page.config["approval_patience_s"] == 30
    assert plain.config_hash == patient.config_hash == on_page.config_hash
    with pytest.raises(BadInput) as refused:
        make_run(models=["naive"], approval_patience_s=3601)
    assert refused.value.field == "approval_patience_s"
