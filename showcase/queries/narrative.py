"""The story of a run: plain sentences of what happened, from what its steps and events say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecastlab.accounts.models import User
from forecastlab.events.models import Event
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.domain.defaults import BY_FREQUENCY
from forecastlab.forecasting.queries import labels as measures
from forecastlab.lib import figures
from showcase.models import Run, StepRun
from showcase.queries import labels

# Events that a person caused while it was under way.
INTERVENTIONS = ("run.stop_asked", "run.resumed")


def of(run: Run, steps: Sequence[StepRun]) -> list[str]:
    """Return the sentences in the order in which it happened, as far as it has."""
    named = {step.name: step for step in steps}
    told = [
        _asked(run),
        _said(named, "seed") or _said(named, "status"),
        _said(named, "features"),
        *_trained(named),
        _decided(run, named),
        _said(named, "register"),
        _said(named, "batch_preset"),
        _said(named, "verify"),
        *_warned(steps),
        *_failed(steps),
        _skipped(steps),
        *_answered(steps, late=False),
        *_interventions(run),
        _ended(run),
        *_answered(steps, late=True),
    ]
    return [one for one in told if one]


def _asked(run: Run) -> str:
    config, version = run.config, run.version
    noun = BY_FREQUENCY[version.frequency if version else "D"].noun
    said = {
        "who": _name(run.requested_by),
        "sales": version.ref if version else config["scenario"] or config["dataset"],
        "models": _models(len(config["models"])),
        "folds": ngettext("1 fold", "%(n)s folds", config["folds"]) % {"n": config["folds"]},
        "horizon": f"{config['horizon']} {noun}",
    }
    return _("%(who)s asked for %(models)s on %(sales)s: %(folds)s of %(horizon)s.") % said


def _models(count: int) -> str:
    return ngettext("1 model", "%(n)s models", count) % {"n": count}


def _name(by: User | None) -> str:
    return (by.get_full_name() or by.get_username()) if by else _("Somebody")


def _said(steps: Mapping[str, StepRun], name: str) -> str:
    """What a step that went well said of itself."""
    step = steps.get(name)
    return _sentence(step.detail) if step and step.outcome in ("pass", "warn") else ""


def _trained(steps: Mapping[str, StepRun]) -> list[str]:
    step = steps.get("train")
    if step is None or step.outcome not in ("pass", "warn"):
        return []
    data = step.data
    told = [_("%(models)s trained.") % {"models": _models(len(data.get("trained", ())))}]
    told += [
        _("%(model)s did not: %(reason)s.")
        % {"model": title_of(one["model"]), "reason": str(one["reason"]).rstrip(".")}
        for one in (*data.get("unavailable", ()), *data.get("left_out", ()))
    ]
    return told


def _decided(run: Run, steps: Mapping[str, StepRun]) -> str:
    step = steps.get("backtest")
    chosen: Mapping[str, Any] = run.result.get("winner") or {}
    if step is None or step.outcome not in ("pass", "warn") or chosen.get("value") is None:
        return ""
    said = {
        "model": title_of(chosen["model"]),
        "metric": measures.metric_title(chosen["metric"]),
        "value": measures.measured(chosen["value"], chosen["metric"]),
        "judged": figures.number(step.data.get("series_judged")),
    }
    text = _("%(model)s won: %(metric)s %(value)s on %(judged)s series") % said
    if skipped := step.data.get("series_skipped"):
        text += _("; %(n)s could not be judged") % {"n": figures.number(skipped)}
    return f"{text}."


def _warned(steps: Iterable[StepRun]) -> list[str]:
    return [
        _("Worth a look, step %(n)s: %(detail)s")
        % {"n": one.index, "detail": _sentence(one.detail)}
        for one in steps
        if one.outcome == StepRun.Outcome.WARN
    ]


def _failed(steps: Iterable[StepRun]) -> list[str]:
    return [
        _("Step %(n)s, %(title)s, failed: %(detail)s")
        % {"n": one.index, "title": one.title, "detail": _sentence(one.detail)}
        for one in steps
        if one.outcome == StepRun.Outcome.FAIL
    ]


def _skipped(steps: Iterable[StepRun]) -> str:
    names = [one.title for one in steps if one.outcome == StepRun.Outcome.SKIP]
    return _("Skipped: %(steps)s.") % {"steps": labels.what_will_happen(names)} if names else ""


def _interventions(run: Run) -> list[str]:
    """Who stopped the run and who let it go on, in the order of the events."""
    events = Event.objects.filter(stream=run.stream, kind__in=INTERVENTIONS)
    return [_intervention(one) for one in events.select_related("actor").order_by("seq")]


def _intervention(event: Event) -> str:
    who = _name(event.actor)
    if event.kind == "run.stop_asked":
        return _("%(who)s asked it to stop.") % {"who": who}
    detail = str(event.payload.get("detail", ""))
    return _("%(who)s let it go on: %(detail)s") % {"who": who, "detail": _sentence(detail)}


def _answered(steps: Iterable[StepRun], *, late: bool) -> list[str]:
    """What people answered to the agents of a run: while it waited, or `late`, once it went on."""
    return [
        str(answer)
        for one in steps
        if bool(one.data.get("left_open")) is late
        for answer in one.data.get("answers", ())
    ]


def _ended(run: Run) -> str:
    if run.is_active:
        return ""
    told = {
        Run.Status.SUCCEEDED: _("It was done after %(took)s%(warned)s."),
        Run.Status.FAILED: _("It failed after %(took)s."),
        Run.Status.CANCELLED: _("It was cancelled after %(took)s."),
        Run.Status.INTERRUPTED: _("It was interrupted, and cannot go on."),
    }[Run.Status(run.status)]
    warned = ngettext(", with 1 warning", ", with %(n)s warnings", run.warnings)
    said = {"took": figures.duration(run.seconds), "n": run.warnings}
    return told % {**said, "warned": warned % said if run.warnings else ""}


def _sentence(text: str) -> str:
    """Give a step's words the full stop that a list of sentences needs."""
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
