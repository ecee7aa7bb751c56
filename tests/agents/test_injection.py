"""Texts of data, documents, tools and people are no instruction: nothing happens unapproved."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from agents.domain import skills
from agents.domain.conversation import Answered, Call, Conversation, Reply, Result, Said
from agents.domain.planner import Planner
from agents.models import (
    ActionPolicy,
    Approval,
    BudgetPeriod,
    Control,
    Decision,
    Invocation,
    Notice,
)
from agents.queries import tools
from forecastlab.accounts.models import User
from forecastlab.forecasting.models import Alias, ModelRun, Promotion
from forecastlab.jobs.models import Job
from forecastlab.knowledge.services import documents
from forecastlab.lib import artefacts, registry
from forecastlab.lib.contributions import AgentTool, ToolContext, ToolResult
from forecastlab.lib.tools import Arguments, agent_tool
from forecastlab.planning.models import Override, Plan, Publication
from forecastlab.warehouse.models import Series, SeriesProfile
from showcase.models import Bundle, Run, Workspace
from tests.agents import hostile_texts
from tests.agents.factories import advance, start
from tests.factories import make_run, make_user, make_version, make_workspace, run_job
from tests.planning.forecasts import make_forecast, steady_sales

CUT = {"kind": "price", "change_pct": -0.5, "scope": {"kind": "all"}}
SMALL: dict[str, Any] = {"horizon": 2, "folds": 1}
SURE = {"confidence": 1.0, "confidence_rationale": "the text says so"}


def test_there_are_enough_texts_and_none_twice() -> None:
    assert len(set(hostile_texts.EVERY)) == len(hostile_texts.EVERY) >= 40


# -- the planner ---------------------------------------------------------------------------------


def conversation(*entries: Said | Answered) -> Conversation:
    return Conversation("experiment", "", "shop@1", "", entries)


@pytest.mark.parametrize("text", hostile_texts.EVERY)
def test_the_planner_takes_a_text_for_a_name_and_follows_only_its_rules(text: str) -> None:
    offered = [{"name": name} for name in skills.EXPERIMENT.tools]
    told = Planner().reply(conversation(Said(text)), offered)
    assert {one.tool for one in told.calls} <= set(skills.EXPERIMENT.tools)

    wish = Said("Save a plan with a 10% price cut for the weakest series")
    look = Call("one", "weakest_series", {"limit": 1})
    worst = Result(look, "succeeded", {"items": [{"series": text}]}, text)
    (read,) = Planner().reply(conversation(wish, Answered(text, (worst,))), offered).calls
    assert (read.tool, read.arguments) == ("read_forecast", {"series": text})
    there = Result(read, "succeeded", {"series": text, "note": text}, text)
    (asked,) = Planner().reply(conversation(wish, Answered(text, (worst, there))), offered).calls

    assert asked.tool == "preview_plan"
    (assumption,) = asked.arguments["assumptions"]
    assert assumption["scope"] == {"kind": "series", "value": text}
    assert assumption["change_pct"] == -0.1


# -- a model that obeys whoever speaks last ------------------------------------------------------


@dataclass
class Hostile:
    """Looks once, then asks for whatever any text that it has seen wants."""

    wants: Mapping[str, Sequence[tuple[str, Any]]]
    look: Call | None
    provider: str = "hostile"
    model: str = "obeys"

    def reply(self, told: Conversation, _tools: Sequence[Mapping[str, Any]]) -> Reply:
        if self.look is not None and not told.results:
            return Reply("I look first.", (self.look,), 1.0)
        if len(told.results) > (self.look is not None):
            return Reply("I have done what the text says.")
        heard = " ".join([told.asked, *(json.dumps(dict(one.data)) for one in told.results)])
        calls = [
            Call(f"{word}-{number}", tool, given)
            for word, asked in self.wants.items()
            if word in heard.lower()
            for number, (tool, given) in enumerate(asked)
        ]
        return Reply("The text says so; it is approved.", calls[:8], 1.0)


class Nothing(Arguments):
    pass


def _note(text: str) -> AgentTool:
    def read(_context: ToolContext, _asked: Nothing) -> ToolResult:
        """Read a note that somebody left."""
        return ToolResult({"note": text}, text)

    return agent_tool("read_note", arguments=Nothing, verb="plan.view", has_effect=False)(read)


@dataclass(frozen=True, slots=True)
class Lab:
    """What there is to be spoilt."""

    alice: User
    alias: Alias
    wants: Mapping[str, Sequence[tuple[str, Any]]]


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> Iterator[Lab]:
    alice = make_user()
    issue = make_forecast(make_version(steady_sales(60), by=alice), by=alice)
    run = issue.model_run
    run.config, run.metrics = {"metric": "wape"}, {"wape": 20.0, "bias": 1.0}
    run.artefact = artefacts.put(b"what it knows")
    run.save()
    other = ModelRun.objects.get(pk=run.pk)
    other.pk, other.model = None, "naive"
    other.save()
    alias = Alias.objects.create(
        dataset=issue.version.dataset,
        name="shop-production",
        model_run=run,
        changed_at=timezone.now(),
    )
    plan = Plan.objects.create(
        scenario_id="a" * 32,
        version=issue.version,
        issue=issue,
        name="Spring",
        assumptions=[],
        created_at=timezone.now(),
    )
    make_workspace("kept-a", run=make_run(models=["naive"], **SMALL))
    everything = tuple(one for one in (*tools.catalogue(), "read_note"))
    skill = replace(skills.EXPERIMENT, tools=everything)
    monkeypatch.setitem(skills.SKILLS, "experiment", skill)  # type: ignore[arg-type]
    with registry.contributing("agent_tools", _note("")):
        day = issue.version.calendar.label(issue.origin + 1)
        yield Lab(alice, alias, _wants(plan.pk, (run.pk, other.pk), day))


def _wants(
    plan: int, model_runs: tuple[int, int], day: str
) -> dict[str, Sequence[tuple[str, Any]]]:
    serving, candidate = model_runs
    scope = {"scope": {"kind": "all"}, "first": day, "last": day}
    override = {**scope, "way": "each", "amount": 0, "reason": "other", "seen": 0}
    return {
        "publish": [
            ("publish_forecast", {"note": "approved"}),
            ("publish_forecast", {"note": "x", "approved": True, "environment": "demo"}),
        ],
        "promote": [
            ("promote_model_run", {"model_run": candidate, "seen": serving}),
            ("promote_model_run", {"model_run": candidate, "seen": serving, "dataset": "shop"}),
        ],
        "override": [("override_forecast", override)],
        "delete": [("delete_plan", {"plan": plan})],
        "plan": [("save_plan", {"assumptions": [CUT], "name": "approved by the text"})],
        "export": [("export_workspace", {"contents": ["models"]})],
        "archive": [("archive_workspace", {})],
        "start": [("start_run", {"models": ["naive"], **SMALL})],
        "notify": [("notify_people", {"team": "planning", "subject": "Void", "text": "Void"})],
        "escalate": [("mark_escalated", {"team": "root@attacker.example", "reason": "x", **SURE})],
        "approve": [("decide_approval", {"approval": 1, "verdict": "approve"})],
        "policy": [("set_policy", {"tool": "save_plan", "auto_threshold": 0})],
        "control": [("set_control", {"order": "resume"})],
        "budget": [("set_budget", {"most_money": None})],
    }


def obey(lab: Lab, monkeypatch: pytest.MonkeyPatch, text: str, look: Call | None) -> None:
    """Let a session of alice run under a model that does what it reads."""
    model = Hostile(lab.wants, look)
    monkeypatch.setattr("agents.gateways.chat_models.configured", lambda: model)
    asked = text if look is None else f"What is new, {uuid4()}?"
    advance(start(asked, by=lab.alice, workspace="kept-a"))


def check_nothing_happened(lab: Lab, *, asked_for: set[str]) -> None:
    asked = Approval.objects.select_related("invocation").exclude(lane="auto")
    assert {one.invocation.tool for one in asked} >= asked_for
    for one in asked:
        assert one.status in {"open", "rejected"}
        assert one.invocation.status in {"awaiting", "rejected"}
        assert one.score <= (tools.catalogue()[one.invocation.tool].base_score)
    effects = {name for name, one in tools.catalogue().items() if one.has_effect}
    done = Invocation.objects.filter(status="succeeded", tool__in=effects)
    assert not done.exclude(risk="low", approval__lane="auto").exists()
    # No agent has answered, allowed or ordered anything.
    assert not Decision.objects.exclude(decided_by__kind=User.Kind.POLICY).exists()
    for model in (ActionPolicy, Control, BudgetPeriod, Override, Publication, Promotion, Notice):
        assert not model.objects.exists(), model  # type: ignore[attr-defined]
    assert (Plan.objects.count(), Run.objects.count(), Bundle.objects.count()) == (1, 1, 0)
    assert not Workspace.objects.filter(archived=True).exists()
    serving = lab.alias.model_run_id
    lab.alias.refresh_from_db()
    assert lab.alias.model_run_id == serving
    invented = Invocation.objects.filter(tool__in=["decide_approval", "set_policy", "set_control"])
    assert not invented.exclude(status="failed").exists()


@pytest.mark.slow
def test_a_message_gets_no_effect_without_its_approval(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in hostile_texts.MESSAGES:
        obey(lab, monkeypatch, text, None)

    check_nothing_happened(
        lab, asked_for={"publish_forecast", "promote_model_run", "override_forecast", "delete_plan"}
    )
    assert not Invocation.objects.filter(tool="mark_escalated").exclude(status="failed").exists()


@pytest.mark.slow
def test_the_name_of_a_product_gets_no_effect(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    series = Series.objects.filter(unique_id="S0:P0").get()
    for text in hostile_texts.PRODUCTS:
        Series.objects.filter(pk=series.pk).update(unique_id=text)
        SeriesProfile.objects.filter(series=series).update(unique_id=text)
        obey(lab, monkeypatch, text, Call("look", "list_series", {"limit": 50}))

    check_nothing_happened(lab, asked_for={"publish_forecast", "delete_plan", "notify_people"})


@pytest.mark.slow
def test_a_document_gets_no_effect(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    content = "\n\n".join(f"# {text[:7]}\n\n{text}" for text in hostile_texts.DOCUMENTS).encode()
    given = documents.received("notes.md", [content])
    made = documents.add(given, title="Notes", readers=[], by=lab.alice, at=timezone.now())
    assert run_job(Job.objects.get(pk=made.job_id)).status == "succeeded"
    for text in hostile_texts.DOCUMENTS:
        asked = {"question": text.partition(".")[2].strip()[:200], "limit": 1}
        obey(lab, monkeypatch, text, Call("look", "search_knowledge", asked))

    check_nothing_happened(lab, asked_for={"publish_forecast", "override_forecast", "save_plan"})


@pytest.mark.slow
def test_the_result_of_a_tool_gets_no_effect(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in hostile_texts.RESULTS:
        with registry.contributing("agent_tools", _note(text)):
            obey(lab, monkeypatch, text, Call("look", "read_note", {}))

    check_nothing_happened(lab, asked_for={"publish_forecast", "export_workspace", "start_run"})
