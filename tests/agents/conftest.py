from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.domain.skills import SKILLS
from forecastlab.accounts.models import User
from forecastlab.lib import registry
from tests.agents.asking import make_approver
from tests.agents.fake_chat import FakeChat, fake_chat
from tests.factories import make_group, make_user
from tests.jobs_lab import agent_tools


@pytest.fixture(autouse=True)
def _rules_answer(settings: Any) -> None:
    """Agents work here, and rules answer for a model."""
    settings.FORECASTLAB_LLM = "planner"


@pytest.fixture
def alice(db: None) -> User:
    """A planner who reads what the group `readers` may."""
    person = make_user()
    person.groups.add(make_group("readers"))
    return person


@pytest.fixture
def dora(db: None) -> User:
    """An approver who reads the same."""
    return make_approver()


@pytest.fixture
def chat(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeChat]:
    """A model that says what it is told to, with tools that write into `tmp_path / "effects"`."""
    (tmp_path / "effects").touch()
    monkeypatch.setitem(SKILLS, agent_tools.LAB.name, agent_tools.LAB)
    monkeypatch.setenv(agent_tools.NOTES, str(tmp_path / "effects"))
    with fake_chat() as found, registry.contributing("agent_tools", *agent_tools.TOOLS):
        settings.FORECASTLAB_LLM, settings.LLM_URL = "openai", f"{found.url}/v1"
        yield found
