"""Sessions whose workers are killed at every named point: an effect happens once, or is unknown."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from agents.domain.skills import SKILLS
from agents.models import Approval, Invocation, Session, Turn
from agents.services import checking, decisions, invocations
from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from forecastlab.lib import registry
from tests.agents.factories import start
from tests.agents.fake_chat import FakeChat, fake_chat
from tests.factories import make_user
from tests.jobs_lab import agent_tools
from tests.jobs_lab.workers import Lab, wait_for

# Each death takes some seconds to be noticed; a loaded machine needs longer.
pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

POINTS = (
    "agent-taken-up",
    "agent-before-model",
    "agent-after-reply",
    "agent-after-rows",
    "agent-before-gate",
    "agent-after-gate",
    "agent-parked",
    "agent-before-giving-back",
    "agent-resumed",
    "agent-claimed",
    "agent-effect-done",
    "agent-recorded",
    "agent-before-settle",
    "agent-settled",
)
UNCERTAIN = 2  # between claim and effect, and between effect and record
FEW = 2  # of twenty: those that a worker had in hand when the answer came


def approve_all(by: User) -> None:
    for one in Approval.objects.open():
        decisions.decide(
            one.pk,
            "approve",
            by=by,
            version=one.version,
            digest=one.digest,
            reason="yes",
            at=timezone.now(),
        )


def settle_all(by: User, effects: Path) -> None:
    """Look what has happened, and say so."""
    for one in Invocation.objects.filter(status="unknown").select_related("session"):
        happened = f"{one.session.ref} " in effects.read_text()
        verdict = "succeeded" if happened else "failed"
        invocations.settle(one, verdict, by=by, at=timezone.now(), reason="I looked.")


@pytest.fixture
def effects(lab: Lab, tmp_path: Path) -> Path:
    """The file that the tool of the lab writes to."""
    made = tmp_path / "effects"
    made.touch()
    lab.env[agent_tools.NOTES] = str(made)
    return made


@pytest.fixture
def chat(lab: Lab, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeChat]:
    """A model that does as it is told, here and for the workers."""
    monkeypatch.setitem(SKILLS, agent_tools.LAB.name, agent_tools.LAB)
    settings.FORECASTLAB_LLM = "openai"
    with fake_chat() as made, registry.contributing("agent_tools", *agent_tools.TOOLS):
        lab.env |= {"FORECASTLAB_LLM": "openai", "FORECASTLAB_LLM_URL": f"{made.url}/v1"}
        yield made


def test_effects_happen_once_or_are_unknown_wherever_a_worker_is_killed(
    lab: Lab, chat: FakeChat, effects: Path
) -> None:
    alice, dora = make_user(), make_user("dora", role="approver")
    lab.beat()
    lab.worker(size=2)
    for point in POINTS:
        lab.arm(point)
    for number in range(len(POINTS)):
        start(f"lab_write n{number}; mark_resolved", by=alice, dataset="", skill="lab")
    killed: set[str] = set()

    def is_over() -> bool:
        killed.update(_kill_who_stands(lab))
        approve_all(dora)
        if len(killed) == len(POINTS):
            _remember(lost)
            settle_all(dora, effects)
        return not Session.objects.unfinished().exists()

    lost: set[int] = set()
    wait_for(is_over, what="all sessions to end", within=200, every=0.1)
    assert checking.findings() == []

    assert killed == set(POINTS)
    written = Counter(effects.read_text().split("\n")[:-1])
    assert set(written.values()) == {1}
    assert len(lost) == UNCERTAIN
    assert len(written) == len(POINTS) - 1
    # One reply was lost with its worker; none was asked for again.
    assert len(chat.requests) == Turn.objects.count() + 1
    ends = set(Session.objects.values_list("status", "status_reason", "outcome"))
    assert {end[-1] for end in ends} == {"resolved"}, ends


def _remember(lost: set[int]) -> None:
    lost.update(Invocation.objects.filter(status="unknown").values_list("pk", flat=True))


def _kill_who_stands(lab: Lab) -> set[str]:
    """Kill every process that stands at a point, and return the points."""
    found = set()
    for path in lab.barriers.glob("agent-*"):
        pid = path.suffix[1:]
        if pid.isdigit():
            os.kill(int(pid), signal.SIGKILL)
            path.unlink()
            found.add(path.stem)
    return found


def test_what_was_approved_is_carried_out_before_other_sessions_begin(
    lab: Lab, chat: FakeChat, effects: Path
) -> None:
    alice, dora = make_user(), make_user("dora", role="approver")
    first = start("lab_write early; mark_resolved", by=alice, dataset="", skill="lab")
    worker = lab.worker()
    parked = Job.objects.filter(pk=first.job_id, status="waiting")
    wait_for(parked.exists, what="the first to wait for an answer")
    os.killpg(worker, signal.SIGKILL)
    for number in range(20):
        start(f"lab_write late{number}; mark_resolved", by=alice, dataset="", skill="lab")
    approve_all(dora)

    lab.worker("other")
    wait_for(lambda: effects.read_text() != "", what="the effect of the first")

    assert Turn.objects.exclude(attempt__session=first).count() <= FEW
