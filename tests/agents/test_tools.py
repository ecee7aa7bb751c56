"""Every tool, called as the server calls it: for a person, within the dataset of the session."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.test import Client
from django.urls import reverse
from pydantic import Field

from agents import checks
from agents.models import Notice
from agents.queries import rosters, tools
from agents.queries.tools import BadArguments
from forecastlab.forecasting.models import Alias, Backtest, ModelRun, Promotion
from forecastlab.jobs.models import Job
from forecastlab.lib.contributions import AgentTool, ToolContext, ToolResult
from forecastlab.lib.errors import BadInput, NotAllowed, NotFound
from forecastlab.lib.tools import Arguments, BadTool, agent_tool
from forecastlab.planning.models import Override, Plan, Publication
from showcase.models import Run, Workspace
from showcase.services import workspaces
from tests.agents.factories import call, make_context, make_judged, tool
from tests.factories import make_group, make_user, make_version
from tests.planning.forecasts import FIRST, LAST, make_forecast

CUT = {"kind": "price", "change_pct": -0.1, "scope": {"kind": "series", "value": "S0:P1"}}


class Plain(Arguments):
    word: str = Field("", max_length=20, description="A word.")


def declared(**options: Any) -> AgentTool:
    given = {"arguments": Plain, "verb": "plan.view", **options}

    def does(_context: ToolContext, _asked: Plain) -> ToolResult:
        """Does nothing."""
        return ToolResult({}, "done")

    return agent_tool("made_up", **given)(does)


# -- what is declared ----------------------------------------------------------------------------


def test_there_are_many_tools_and_all_of_them_fit() -> None:
    found = tools.catalogue()
    effects = {name for name, one in found.items() if one.has_effect}

    assert checks.check() == []
    assert len(found) >= 30
    assert len(effects) >= 10
    assert all(one.risk != "high" or one.auto_threshold >= 90 for one in found.values())
    assert {one.name for one in found.values() if one.terminal} == {
        "mark_resolved",
        "mark_escalated",
    }
    assert all(one.title for one in found.values() if one.has_effect)


def test_a_model_is_told_of_arguments_and_never_of_what_the_server_knows() -> None:
    told = {one["name"]: one for one in tools.described(tools.catalogue().values())}
    everything = json.dumps(told)

    assert told["save_plan"]["parameters"]["additionalProperties"] is False
    assert "assumptions" in told["save_plan"]["parameters"]["required"]
    for one in told.values():
        assert not checks.INJECTED & set(one["parameters"].get("properties", {}))
        assert one["description"]
    assert "requester_id" not in everything


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"verb": "plan.destroy"}, "no role holds the verb"),
        ({"sensitive": ("secret",)}, "it hides arguments that it does not have: secret"),
        ({"inline_threshold": 90, "auto_threshold": 80}, "its thresholds are 90 and 80"),
    ],
)
def test_a_tool_that_makes_no_sense_stops_the_check(changes: dict[str, Any], said: str) -> None:
    wrong = replace(declared(), **changes)

    found = checks.problems([*tools.contributed(), ("tests", wrong)])

    assert [one.id for one in found] == ["agents.E002"]
    assert said in found[0].msg


def test_arguments_that_let_anything_in_stop_the_check() -> None:
    class Open(Arguments, extra="allow"):
        dataset: str

    found = checks.problems([*tools.contributed(), ("tests", declared(arguments=Open))])

    said = " ".join(one.msg for one in found)
    assert "do not refuse those they do not know" in said
    assert "only the server knows the arguments dataset" in said
    assert "nothing is said about the arguments dataset" in said


def test_names_given_twice_and_missing_ends_stop_the_check() -> None:
    twice = [("tests", declared()), ("others", declared())]
    ended = [one for one in tools.contributed() if one[1].name != "mark_resolved"]

    assert _ids(checks.problems([*tools.contributed(), *twice])) == ["agents.E001"]
    assert _ids(checks.problems(ended)) == ["agents.E003"]


def test_an_empty_or_unreadable_roster_stops_the_check(settings: Any) -> None:
    assert rosters.teams()["operations"] == "operator"
    for wrong in ([], [":planner"], ["a:b", "a"]):
        settings.FORECASTLAB_TEAMS = wrong
        assert _ids(checks.problems_of_teams()) == ["agents.E004"]


def _ids(found: list[CheckMessage]) -> list[str | None]:
    return [one.id for one in found]


@pytest.mark.parametrize("options", [{"auto_threshold": 40}, {"risk": "huge"}, {"base_score": 200}])
def test_a_declaration_that_makes_no_sense_raises_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(BadTool):
        declared(**options)


def test_the_older_name_of_a_threshold_still_counts() -> None:
    assert declared(quick_threshold=70).inline_threshold == 70


# -- what a model gives --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "given", "field"),
    [
        ("save_plan", {"assumptions": [CUT], "dataset": "other"}, "dataset"),
        ("save_plan", {"assumptions": []}, "assumptions"),
        ("save_plan", {"assumptions": [{**CUT, "change_pct": -0.95}]}, "assumptions.0.change_pct"),
        ("promote_model_run", {"model_run": "1; drop table", "seen": 1}, "model_run"),
        ("promote_model_run", {"model_run": 1}, "seen"),
        ("weakest_series", {"limit": 10_000}, "limit"),
        ("mark_resolved", {"resolution_summary": "ok", "confidence": 1.1}, "confidence"),
        ("mark_resolved", {"resolution_summary": "ok", "confidence": float("nan")}, "confidence"),
        ("submit_hypothesis", {"hypotheses": [], "confidence": 1}, "hypotheses"),
        ("override_forecast", {"scope": {"kind": "planet"}}, "scope.kind"),
        ("notify_people", {"team": "planning", "subject": "", "text": "x"}, "subject"),
    ],
)
def test_arguments_out_of_bounds_are_refused_by_name(
    name: str, given: Mapping[str, Any], field: str
) -> None:
    with pytest.raises(BadArguments) as refused:
        tools.bind(tool(name), given)

    assert field in refused.value.message


@pytest.mark.parametrize("given", [None, "text", [1], {"search": "a\x00b"}, {"search": ["\x00"]}])
def test_what_is_no_object_or_no_text_is_refused(given: Any) -> None:
    with pytest.raises(BadArguments):
        tools.bind(tool("list_datasets"), given)


# -- reading, and doing once ---------------------------------------------------------------------

READS: tuple[tuple[str, dict[str, Any], Callable[[Mapping[str, Any]], bool]], ...] = (
    ("list_datasets", {}, lambda data: [one["dataset"] for one in data["items"]] == ["shop"]),
    ("describe_dataset", {}, lambda data: (data["series"], data["rows"]) == (3, 270)),
    ("list_series", {"limit": 2}, lambda data: data["more"] and len(data["items"]) == 2),
    ("read_sales", {"series": "S0:P2", "periods": 5}, lambda data: len(data["items"]) == 5),
    ("list_models", {}, lambda data: "naive" in [one["model"] for one in data["items"]]),
    ("read_backtest", {}, lambda data: set(data["models"]) >= {"naive", "seasonal_naive"}),
    ("compare_models", {}, lambda data: data["champions"] is not None),
    (
        "weakest_series",
        {"limit": 3},
        lambda data: (
            [one["value"] for one in data["items"]]
            == sorted((one["value"] for one in data["items"]), reverse=True)
        ),
    ),
    ("read_forecast", {"series": "S0:P1"}, lambda data: len(data["forecast"]) == 7),
    ("list_model_runs", {}, lambda data: any(one["aliases"] for one in data["items"])),
    ("list_promotions", {}, lambda data: data["items"] == []),
    ("list_plans", {}, lambda data: data["items"] == []),
    ("preview_plan", {"assumptions": [CUT]}, lambda data: data["units"]["delta"] > 0),
    ("list_overrides", {}, lambda data: data["items"] == []),
    ("read_elasticity", {}, lambda data: data["elasticity"]["value"] < -1),
    ("read_elasticity", {"series": "S0:P2"}, lambda data: data["low95"] < -1.9 < data["high95"]),
    ("search_knowledge", {"question": "What is a freeze?"}, lambda data: data["results"] == []),
    ("list_runs", {}, lambda data: data["items"][0]["status"] == "succeeded"),
    ("list_jobs", {"status": "succeeded"}, lambda data: data["items"][0]["kind"] == "run"),
)


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_tools_read_what_is_there_for_those_who_may_see_it() -> None:
    alice, charlie = make_user(), make_user("charlie")
    issue = make_judged(alice)
    run, model_runs = Run.objects.get(), ModelRun.objects.order_by("pk")
    kept = workspaces.keep(run, "kept-a", by=alice, at=run.created_at)
    context = make_context(alice, workspace=kept.name)

    for name, given, fits in READS:
        found = call(name, context, **given)
        assert fits(found.data), (name, found.data)
        assert found.detail
        assert json.loads(json.dumps(found.data)) == found.data
    assert call("read_run", context, run=run.pk).data["winner"] == run.result["winner"]
    assert call("read_job", context, job=run.job_id).data["status"] == "succeeded"
    assert call("read_workspace", context).data["workspace"] == "kept-a"
    one, other = (model.pk for model in model_runs[:2])
    compared = call("compare_model_runs", context, one=one, other=other)
    assert compared.data["like_for_like"] is True
    gates = call("promotion_gates", context, model_run=_serving_other(issue.version.dataset))
    assert {"alias", "from", "to", "gates"} == set(gates.data)

    # A stranger's agent sees nothing of it, whatever it asks for.
    stranger = make_context(charlie, workspace=kept.name)
    assert call("list_datasets", stranger).data["items"] == []
    for name in ("describe_dataset", "list_runs", "weakest_series", "list_plans", "read_workspace"):
        with pytest.raises(NotFound):
            call(name, stranger)
    # Nor does one over another dataset reach what belongs to this one.
    make_version(by=alice, name="other")
    elsewhere = make_context(alice, "other")
    for name, given in (
        ("read_run", {"run": run.pk}),
        ("promotion_gates", {"model_run": one}),
        ("compare_model_runs", {"one": one, "other": other}),
        ("read_backtest", {"backtest": Backtest.objects.get().pk}),
    ):
        with pytest.raises(NotFound):
            call(name, elsewhere, **given)
    with pytest.raises(BadInput, match="no dataset"):
        call("describe_dataset", make_context(alice, ""))


def _serving_other(dataset: Any) -> int:
    """Return a model run that the alias does not point at."""
    serving = Alias.objects.get(dataset=dataset).model_run_id
    return int(ModelRun.objects.exclude(pk=serving).order_by("pk").values_list("pk", flat=True)[0])


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_an_effect_that_is_carried_out_twice_happens_once() -> None:  # noqa: PLR0915
    alice = make_user()
    issue = make_judged(alice)
    run = Run.objects.get()
    workspaces.keep(run, "kept-a", by=alice, at=run.created_at)
    alias = Alias.objects.get()
    other = _serving_other(issue.version.dataset)
    label = issue.version.calendar.label
    span = {"first": label(issue.origin + 1), "last": label(issue.origin + 2)}
    scope = {"scope": {"kind": "series", "value": "S0:P1"}, **span, "way": "each", "amount": 5}
    promoted = {"model_run": other, "seen": alias.model_run_id, "acknowledged": ["worse_metric"]}
    effects: list[tuple[str, dict[str, Any]]] = [
        ("start_backtest", {"models": ["naive"], "folds": 2}),
        ("issue_forecasts", {}),
        ("start_run", {"models": ["naive"], "name": "by an agent"}),
        ("save_plan", {"assumptions": [CUT], "name": "Cheaper"}),
        ("override_forecast", {**scope, "reason": "price", "seen": 0}),
        ("publish_forecast", {"note": "first"}),
        ("promote_model_run", promoted),
        ("archive_workspace", {}),
        ("pin_workspace", {}),
        ("tag_workspace", {"tags": ["checked"]}),
        ("export_workspace", {}),
    ]

    for name, given in effects:
        context = make_context(alice, workspace="kept-a")
        told = [call(name, context, **given).data for _ in range(2)]
        shown = tool(name).preview
        if name not in {"promote_model_run", "save_plan", "override_forecast"} and shown:
            assert shown(context, tools.bind(tool(name), given))
        if name not in {"archive_workspace", "pin_workspace", "tag_workspace"}:
            assert told[0] == told[1], name

    kinds = Job.objects.exclude(key=None).order_by("kind").values_list("kind", flat=True)
    assert list(kinds) == ["backtest", "export", "forecast", "run"]
    assert (Run.objects.count(), Plan.objects.count(), Override.objects.count()) == (2, 1, 1)
    assert (
        Publication.objects.count(),
        Promotion.objects.filter(before=alias.model_run).count(),
    ) == (1, 1)
    alias.refresh_from_db()
    assert alias.model_run_id == other
    kept = Workspace.objects.get(name="kept-a")
    assert (kept.archived, kept.pinned, kept.tags) == (True, True, ["checked"])
    plan = Plan.objects.get()
    assert (plan.created_by, plan.key) == (alice, f"agent.{_operation(plan)}")
    again = make_context(alice)
    assert call("list_plans", again).data["items"][0]["source"] == "agent"
    assert call("delete_plan", again, plan=plan.pk).data == {"plan": plan.pk}
    assert not Plan.objects.exists()


def _operation(plan: Plan) -> str:
    return str(plan.key).removeprefix("agent.")


@pytest.mark.django_db
def test_effects_need_the_roles_of_the_person_and_not_those_of_the_agent() -> None:
    make_forecast()
    bob = make_user("bob", role="viewer")
    bob.groups.add(make_group("readers"))
    asked = {"assumptions": [CUT]}

    for name, given in (("save_plan", asked), ("publish_forecast", {}), ("start_run", {})):
        with pytest.raises(NotAllowed):
            call(name, make_context(bob), **given)
    with pytest.raises(NotAllowed):
        call("list_datasets", make_context(bob, requester_id=0))
    bob.is_active = False
    bob.save()
    with pytest.raises(NotAllowed):
        call("list_datasets", make_context(bob))
    assert not Plan.objects.exists()


@pytest.mark.django_db
def test_what_would_change_is_said_before_it_does() -> None:
    issue = make_forecast()
    alice = issue.created_by
    context = make_context(alice)
    given = {
        "scope": {"kind": "all"},
        "first": FIRST,
        "last": LAST,
        "way": "percent",
        "amount": 10,
    }
    preview = call("preview_override", context, **given)
    asked = {**given, "reason": "promotion", "seen": preview.data["seen"]}
    override = tool("override_forecast")
    bound = tools.bind(override, asked)

    assert preview.data["series"] == 3
    assert override.exposure is not None
    assert override.exposure(context, bound).count == 3
    assert override.preview is not None
    before = dict(override.preview(context, bound))
    assert before["Forecast"] == "420 units → 462 units"
    assert override.signals is not None
    assert [one.code for one in override.signals(context, bound)] == ["data_old"]
    assert not Override.objects.exists()
    call("override_forecast", context, **asked)
    with pytest.raises(BadInput):
        call("override_forecast", make_context(alice), **{**asked, "reason": "model", "last": "x"})


# -- ending --------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_ends_are_proposed_with_reasons_and_only_to_teams_that_there_are() -> None:
    context = make_context(make_user())
    sure = {"confidence": 0.8, "confidence_rationale": "three windows"}

    found = call("submit_hypothesis", context, hypotheses=["A promotion ended"], **sure)
    assert found.outcome is not None
    assert (found.outcome.status, found.outcome.confidence) == ("", 0.8)
    done = call("mark_resolved", context, resolution_summary="Saved", **sure)
    assert done.outcome is not None
    assert (done.outcome.status, done.outcome.reason) == ("resolved", "Saved")
    over = call("mark_escalated", context, team="operations", reason="Prices", **sure)
    assert over.outcome is not None
    assert (over.outcome.status, over.outcome.data["team"]) == ("escalated", "operations")
    with pytest.raises(BadInput, match="no team 'nobody-oncall'"):
        call("mark_escalated", context, team="nobody-oncall", reason="Prices", **sure)


# -- telling people ------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_team_is_told_once_on_its_page_and_by_mail_where_that_is_set_up(
    settings: Any, mailoutbox: list[Any], client: Client
) -> None:
    alice, bob = make_user(email="alice@example.com"), make_user("bob")
    charlie = make_user("charlie", role="viewer", email="charlie@example.com")
    asked = {"team": "planning", "subject": "Prices", "text": "Look at <b>S0:P1</b>."}
    notify = tool("notify_people")
    assert notify.exposure is not None
    assert notify.exposure(make_context(alice), tools.bind(notify, asked)).count == 2

    first = call("notify_people", make_context(alice), **asked)
    assert (first.data["people"], first.data["mailed"], mailoutbox) == (2, 0, [])
    settings.EMAIL_HOST = "mail.example.com"
    context = make_context(alice)
    told = [call("notify_people", context, **asked).data for _ in range(2)]

    assert told[0] == told[1]
    assert [(one.to, one.subject) for one in mailoutbox] == [(["alice@example.com"], "Prices")]
    assert Notice.objects.count() == 2
    for person, seen in ((bob, True), (charlie, False)):
        client.force_login(person)
        page = client.get(reverse("agents:notices")).content.decode()
        assert ("Look at &lt;b&gt;S0:P1&lt;/b&gt;." in page) is seen
    settings.FORECASTLAB_TEAMS = ["empty:nobody"]
    with pytest.raises(BadInput, match="Nobody is in the team"):
        call("notify_people", make_context(alice), **{**asked, "team": "empty"})


@pytest.mark.django_db
def test_the_subject_of_a_notice_is_one_line_as_mails_want_it(
    settings: Any, mailoutbox: list[Any]
) -> None:
    settings.EMAIL_HOST = "mail.example.com"
    alice = make_user(email="alice@example.com")
    asked = {"team": "planning", "subject": "Prices\nBcc: all@example.com", "text": "Look."}

    told = call("notify_people", make_context(alice), **asked).data

    assert told["mailed"] == 1
    assert [one.subject for one in mailoutbox] == ["Prices Bcc: all@example.com"]
