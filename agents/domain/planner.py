"""A model of chat without a language model: rules that choose the next call from what is known.

It is told what any model is told, and proposes calls in the same way; every number and name in its
arguments comes from the request or from the result of an earlier call. What no rule reads, or what
was refused or failed, it leaves to people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.domain.conversation import Call, Conversation, Reply, Result
from agents.domain.requests import Request, read
from forecastlab.forecasting.domain.config import title_of
from forecastlab.lib import figures

SURE, QUITE = 0.9, 0.8
CANDIDATES = 10
# A series that was judged need not be forecast: to find none is an answer, not a failure.
LOOKED_UP = "read_forecast"
UNREAD = "No rule reads this request, and no language model is in use."
NOT_UNDERSTOOD = {
    "experiment": f"{UNREAD} Name what is wanted: a plan with a price change in percent and its "
    "series, the weakest series, the best model, a backtest, the documents, or a description of "
    "the dataset.",
    "promotion_review": f"{UNREAD} Ask whether another model should serve the dataset.",
}
# Metrics that are shares in percent; the others are plain numbers.
IN_PERCENT = ("wape", "smape")


@dataclass(frozen=True, slots=True)
class Planner:
    """Chooses by rules. It holds nothing: the same conversation gives the same reply."""

    provider: str = "planner"
    model: str = "rules"

    def reply(self, conversation: Conversation, tools: Sequence[Mapping[str, Any]]) -> Reply:
        request = read(conversation.asked, skill=conversation.skill, dataset=conversation.dataset)
        rule = RULES.get(request.intent)
        if rule is None:
            return Reply(request.problem or NOT_UNDERSTOOD.get(conversation.skill, UNREAD))
        reply = _stopped(conversation) or rule(request, Known(conversation.results))
        known = {str(tool["name"]) for tool in tools}
        missing = [call.tool for call in reply.calls if call.tool not in known]
        return Reply(f"There is no tool {missing[0]} here.") if missing else reply


@dataclass(frozen=True, slots=True)
class Known:
    """The results so far, by tool: the newest of each."""

    results: Sequence[Result]

    def of(self, tool: str) -> Mapping[str, Any] | None:
        found = [one for one in self.results if one.call.tool == tool]
        return found[-1].data if found else None

    def detail(self, tool: str) -> str:
        found = [one for one in self.results if one.call.tool == tool]
        return found[-1].detail if found else ""

    @property
    def count(self) -> int:
        return len(self.results)


def _stopped(conversation: Conversation) -> Reply | None:
    """Leave it to people where a call was refused or failed: the same would happen again."""
    bad = [
        one
        for one in conversation.results
        if one.status != "succeeded" and one.call.tool != LOOKED_UP
    ]
    if not bad:
        return None
    last = bad[-1]
    words = {"rejected": "was not approved", "unknown": "has an unknown outcome"}
    what = words.get(last.status, "did not succeed")
    tool = last.call.tool.replace("_", " ").capitalize()
    detail = last.detail.removeprefix(last.status).removeprefix(": ").strip()
    why = f"The reason given: {detail}" if last.status == "rejected" and detail else detail
    return Reply(f"{tool} {what}. {why}".strip())


def _call(known: Known, tool: str, text: str, sure: float = SURE, **arguments: Any) -> Reply:
    name = f"{tool}-{known.count + 1}"
    return Reply(text, (Call(name, tool, arguments),), confidence=sure)


def _resolved(known: Known, summary: str, why: str) -> Reply:
    return _call(
        known,
        "mark_resolved",
        summary,
        resolution_summary=summary[:2_000],
        confidence=SURE,
        confidence_rationale=why,
    )


# -- rules --------------------------------------------------------------------------------------


def _plan(request: Request, known: Known) -> Reply:
    found: Reply | str = request.scope.value
    kind = request.scope.kind
    if kind == "weakest":
        found, kind = _find_weakest(request, known), "series"
    if isinstance(found, Reply):
        return found
    scope = {"kind": kind, "value": found}
    about = scope["value"] or "all series"
    change = figures.signed_percent(request.change)
    first, last = request.span
    span = {"start": first, "end": last} if first else {}
    assumptions = [{"kind": "price", "change_pct": request.change, "scope": scope, **span}]
    if known.of("preview_plan") is None:
        text = f"I work out what a price change of {change} for {about} would bring."
        return _call(known, "preview_plan", text, assumptions=assumptions)
    if known.of("save_plan") is None:
        return _call(
            known,
            "save_plan",
            f"{known.detail('preview_plan').rstrip('.')}. I ask to save it as a plan.",
            QUITE,
            assumptions=assumptions,
            name=f"Price {change} for {about}"[:200],
            notes=f"Asked for as: {request.text}"[:4_000],
        )
    return _resolved(known, known.detail("save_plan"), "The plan is saved.")


def _find_weakest(request: Request, known: Known) -> Reply | str:
    """Return the series that is judged worst of those that are forecast, or how to find it."""
    weakest = known.of("weakest_series")
    if weakest is None:
        text = "First I look which series are forecast worst."
        kind, value = request.scope.within
        within: dict[str, Any] = {kind: value} if kind else {}
        return _call(known, "weakest_series", text, limit=CANDIDATES, **within)
    read = {
        str(one.call.arguments["series"]): one.status
        for one in known.results
        if one.call.tool == LOOKED_UP
    }
    for item in weakest.get("items") or []:
        series = str(item["series"])
        if series not in read:
            text = f"{series} did worst; I look whether it is forecast now."
            return _call(known, LOOKED_UP, text, series=series)
        if read[series] == "succeeded":
            return series
    return Reply("None of the series that were judged worst is forecast now.")


def _weakest(request: Request, known: Known) -> Reply:
    weakest = known.of("weakest_series")
    if weakest is None:
        return _call(known, "weakest_series", "I look which series are forecast worst.", limit=5)
    items = weakest.get("items") or []
    if not items:
        return Reply("No series was judged yet.")
    worst = str(items[0]["series"])
    if known.of("read_sales") is None:
        text = f"{worst} is forecast worst; I look at what it sold."
        return _call(known, "read_sales", text, series=worst, periods=56)
    told = ", ".join(_scored(one) for one in items)
    return _resolved(known, f"Forecast worst: {told}.", "Read from the newest backtest.")


def _scored(one: Mapping[str, Any]) -> str:
    value = one.get("value")
    metric = str(one.get("metric", ""))
    shown = "not known"
    if isinstance(value, int | float):
        in_percent = metric in IN_PERCENT
        shown = figures.percent(value / 100) if in_percent else figures.number(value, 2)
    return f"{one['series']} ({metric.upper()} {shown}, {one.get('champion_title', '')})"


def _models(request: Request, known: Known) -> Reply:
    found = known.of("compare_models")
    if found is None:
        return _call(known, "compare_models", "I compare the models of the newest backtest.")
    serving = found.get("champions") or {}
    many = sorted(serving.items(), key=lambda one: (-_count(one[1]), one[0]))[:5]
    told = ", ".join(f"{title_of(name)} serves {_count(count)} series" for name, count in many)
    best = title_of(found["best_model"])
    summary = f"{best} is best over all series of {found['dataset']}. {told}"
    summary = f"{summary.rstrip('. ')}."
    return _resolved(known, summary, f"Read from backtest {found['backtest']}.")


def _count(value: Any) -> int:
    return len(value) if isinstance(value, list | dict) else int(value or 0)


def _backtest(request: Request, known: Known) -> Reply:
    if known.of("start_backtest") is None:
        given = {"horizon": request.horizon, "folds": request.folds}
        text = "I ask to judge the usual models."
        asked = {name: value for name, value in given.items() if value is not None}
        return _call(known, "start_backtest", text, QUITE, **asked)
    return _resolved(known, known.detail("start_backtest"), "The job was created.")


def _documents(request: Request, known: Known) -> Reply:
    found = known.of("search_knowledge")
    if found is None:
        text = "I look into the documents."
        return _call(known, "search_knowledge", text, question=request.text[:300], limit=3)
    passages = found.get("results") or []
    if not passages:
        return Reply("The documents say nothing about this.")
    titles = list(dict.fromkeys(str(one.get("title", "")) for one in passages))
    return _resolved(
        known,
        f"{len(passages)} passages speak of it: {', '.join(filter(None, titles))}.",
        "Found by the search over the documents.",
    )


def _describe(request: Request, known: Known) -> Reply:
    if known.of("describe_dataset") is None:
        return _call(known, "describe_dataset", "I look at what the dataset holds.")
    if known.of("list_series") is None:
        return _call(known, "list_series", "I look at what sells most.", limit=5)
    items = (known.of("list_series") or {}).get("items") or []
    names = ", ".join(str(one.get("unique_id", one.get("series", ""))) for one in items)
    summary = f"{known.detail('describe_dataset')}. What sells most: {names}."
    return _resolved(known, summary, "Read from the dataset.")


def _promote(request: Request, known: Known) -> Reply:
    runs = known.of("list_model_runs")
    if runs is None:
        return _call(known, "list_model_runs", "I look at the trained models.", limit=50)
    now, best = _serving_and_best(runs.get("items") or [])
    if now is None or best is None:
        return Reply("No alias points at a model of this dataset, so there is nothing to change.")
    if best["model_run"] == now["model_run"]:
        summary = f"{_titled(now)} serves and has the lowest error; nothing is to be changed."
        return _resolved(known, summary, "Compared by WAPE.")
    return _recommend(known, now, best)


def _recommend(known: Known, now: Mapping[str, Any], best: Mapping[str, Any]) -> Reply:
    """Ask to promote the better model, if the gates of promotions hold for it."""
    gates = known.of("promotion_gates")
    instead = f"{_titled(best)} instead of {_titled(now)}"
    if gates is None:
        text = f"I would take {instead}; I ask what the gates say."
        return _call(known, "promotion_gates", text, model_run=best["model_run"])
    if not all(one.get("holds") for one in gates.get("gates", [])):
        said = known.detail("promotion_gates")
        return Reply(f"I would take {instead}, but {said}: people have to decide.")
    if known.of("promote_model_run") is None:
        return _call(
            known,
            "promote_model_run",
            f"I recommend {instead}, and ask to promote it.",
            QUITE,
            model_run=best["model_run"],
            seen=gates["from"],
            note=instead[:500],
        )
    return _resolved(known, known.detail("promote_model_run"), "The alias was pointed.")


def _serving_and_best(
    items: Sequence[Mapping[str, Any]],
) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
    """Return the run that an alias points at, and the one with the lowest WAPE of its window."""
    now = next((one for one in items if one.get("aliases")), None)
    if now is None:
        return None, None
    same = [
        one
        for one in items
        if one.get("window") == now.get("window")
        and one.get("dataset") == now.get("dataset")
        and _wape(one) is not None
    ]
    return now, min(same, key=lambda one: (_wape(one), one["model_run"]), default=now)


def _wape(one: Mapping[str, Any]) -> float | None:
    value = (one.get("metrics") or {}).get("wape")
    return float(value) if isinstance(value, int | float) else None


def _titled(one: Mapping[str, Any]) -> str:
    value = _wape(one)
    title = title_of(str(one["model"]))
    return title if value is None else f"{title} (WAPE {figures.percent(value / 100, 2)})"


RULES: Mapping[str, Callable[[Request, Known], Reply]] = {
    "plan": _plan,
    "weakest": _weakest,
    "models": _models,
    "backtest": _backtest,
    "documents": _documents,
    "describe": _describe,
    "promote": _promote,
}
