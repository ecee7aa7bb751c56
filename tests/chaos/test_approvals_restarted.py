"""Approvals whose workers are gone when their time is over: the next worker lets them lapse."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from agents.domain.skills import SKILLS
from agents.models import Approval, Session
from agents.services import checking
from forecastlab.lib import registry
from tests.agents.factories import start
from tests.agents.fake_chat import fake_chat
from tests.factories import make_user
from tests.jobs_lab import agent_tools
from tests.jobs_lab.workers import Lab, kill_family, wait_for

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


def test_an_approval_lapses_after_its_workers_were_killed_and_others_started(
    lab: Lab, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In production, where a tool at medium risk says so among its reasons."""
    effects = tmp_path / "effects"
    effects.touch()
    monkeypatch.setitem(SKILLS, agent_tools.LAB.name, agent_tools.LAB)
    with fake_chat() as chat, registry.contributing("agent_tools", *agent_tools.TOOLS):
        told = {"FORECASTLAB_LLM": "openai", "FORECASTLAB_LLM_URL": f"{chat.url}/v1"}
        lab.env |= {**told, agent_tools.NOTES: str(effects)}
        lab.env["FORECASTLAB_ENVIRONMENT"] = "production"
        settings.FORECASTLAB_LLM = "openai"
        first = lab.worker("first")
        session = start("lab_write a; -", by=make_user(), dataset="", skill="lab")
        _until(session, "waiting")
        approval = Approval.objects.get()
        assert "environment" in {one["code"] for one in approval.reasons}

        kill_family(first)
        past = timezone.now() - timedelta(seconds=1)
        Approval.objects.update(expires_at=past)
        lab.beat()
        lab.worker("second")
        _until(session, "succeeded")
        assert checking.findings() == []

    approval.refresh_from_db()
    call = approval.invocation
    assert (approval.status, call.status) == ("expired", "rejected")
    assert [one.decided_by.kind for one in approval.decisions.all()] == ["clock"]
    assert session.outcome == "needs_review"
    assert effects.read_text() == ""


def _until(session: Session, status: str) -> None:
    def is_there() -> bool:
        session.refresh_from_db()
        return session.status == status

    wait_for(is_there, what=f"the session to be {status}", within=90, every=0.1)
