"""What a run made, with the way to each object, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.models import Alias, Backtest, ForecastIssue, ModelRun
from forecastlab.forecasting.queries import comparison
from forecastlab.lib import downloads, figures
from forecastlab.planning.models import Plan
from showcase.domain.bundle_stories import ELSEWHERE
from showcase.models import Run, StepRun
from showcase.queries import labels

PLANNED = ("scenario_simulate_and_save", "multi_plan_compare")


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str
    is_file: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """One kind of object: `reason` says why there is none, `parts` lead to each of several."""

    label: str
    icon: str
    count: str = ""
    url: str = ""
    reason: str = ""
    parts: Sequence[Link] = ()


def of(run: Run, steps: Iterable[StepRun]) -> list[Made]:
    """Return a line for everything that a run of these steps makes, made or not."""
    return _Panel(run, {step.name: step for step in steps}).lines()


class _Panel:
    """The steps' own data names what they made; each kind is looked up once."""

    def __init__(self, run: Run, steps: Mapping[str, StepRun]) -> None:
        self.run, self.steps = run, steps

    def lines(self) -> list[Made]:
        makers: Sequence[tuple[str, str, str, Callable[[], Made | None]]] = (
            ("seed", _("Dataset version"), "database", self._version),
            ("backtest", _("Comparison of the models"), "scale", self._comparison),
            ("backtest", _("Champions of the series"), "trophy", self._champions),
            ("register", _("Model runs"), "boxes", self._model_runs),
            ("historical_backfill", _("Model runs made to teach"), "book-open", self._teaching),
            ("register", _("Alias"), "tag", self._alias),
            ("register", _("Forecasts"), "chart-line", self._forecasts),
            ("batch_preset", _("Batch"), "layers", self._batch),
            (PLANNED[0], _("Plans"), "git-compare-arrows", self._plans),
            ("backtest", _("Downloads"), "download", self._downloads),
        )
        return [
            self._line(step, label, icon, make)
            for step, label, icon, make in makers
            if step in self.steps
        ]

    def _line(self, name: str, label: str, icon: str, make: Callable[[], Made | None]) -> Made:
        step = self.steps[name]
        if not step.data or step.outcome in ("", StepRun.Outcome.FAIL, StepRun.Outcome.SKIP):
            return Made(label, icon, reason=_why_not(self.run, step))
        made = make()
        if ELSEWHERE in step.data and not (made and (made.url or made.parts)):
            return Made(label, icon, reason=_("not here, but where the run was imported from"))
        return made or Made(label, icon, reason=_("deleted since"))

    def _said(self, step: str, key: str) -> Any:
        return self.steps[step].data.get(key)

    # -- what is looked up ----------------------------------------------------------------------

    @cached_property
    def backtest(self) -> Backtest | None:
        found = Backtest.objects.filter(pk=self._said("backtest", "backtest"))
        return found.only("pk", "judged").first()

    @cached_property
    def issue(self) -> ForecastIssue | None:
        found = ForecastIssue.objects.filter(pk=self._said("register", "issue"))
        return found.only("pk", "series_count").first()

    @cached_property
    def alias(self) -> Alias | None:
        found = Alias.objects.filter(dataset=self.run.dataset_id)
        return found.filter(name=self._said("register", "alias")).first()

    # -- one line per kind ----------------------------------------------------------------------

    def _version(self) -> Made | None:
        version = self.run.version
        if version is None:
            return None
        return Made(_("Dataset version"), "database", version.ref, url=version.get_absolute_url())

    def _comparison(self) -> Made | None:
        if self.backtest is None:
            return None
        url = reverse("forecasting:backtest", args=[self.backtest.pk])
        count = figures.number(len(self._said("backtest", "per_model") or ()))
        return Made(_("Comparison of the models"), "scale", count, url)

    def _champions(self) -> Made | None:
        if self.backtest is None:
            return None
        url = reverse("forecasting:champions", args=[self.backtest.pk])
        return Made(
            _("Champions of the series"), "trophy", figures.number(self.backtest.judged), url
        )

    @cached_property
    def models(self) -> Mapping[int, str]:
        """The model of every model run that a step names, those made to teach as well."""
        named = [one for step in self.steps.values() for one in _model_runs(step)]
        found = ModelRun.objects.filter(pk__in=named).order_by("pk")
        return dict(found.values_list("pk", "model"))

    def _model_runs(self) -> Made | None:
        return self._runs(_("Model runs"), "boxes", _model_runs(self.steps["register"]))

    def _teaching(self) -> Made | None:
        """Model runs of the rows that teach: they serve nothing and are left out of lists."""
        others = [step for step in self.steps.values() if step.name != "register"]
        named = [one for step in others for one in _model_runs(step)]
        label, icon = _("Model runs made to teach"), "book-open"
        if not named:
            return Made(label, icon, reason=_("none were made"))
        return self._runs(label, icon, named)

    def _runs(self, label: str, icon: str, named: Sequence[int]) -> Made | None:
        parts = [
            Link(title_of(self.models[pk]), reverse("forecasting:model-run", args=[pk]))
            for pk in named
            if pk in self.models
        ]
        return Made(label, icon, figures.number(len(parts)), parts=parts) if parts else None

    def _alias(self) -> Made | None:
        """The name stays: it may point at what a later run made."""
        if self.alias is None:
            return None
        at = self.alias.model_run_id
        now = "" if at == self._said("register", "run_id") else _("now at model run %(n)s")
        url = reverse("forecasting:model-run", args=[at])
        name = self.alias.name
        return Made(name, "tag", now % {"n": at} if now else "", url)

    def _forecasts(self) -> Made | None:
        if self.issue is None:
            return None
        count = figures.number(self.issue.series_count)
        return Made(_("Forecasts"), "chart-line", count, self.issue.get_absolute_url())

    def _batch(self) -> Made | None:
        number = self._said("batch_preset", "batch_id")
        try:
            url = reverse("forecasting:batch", args=[number])
        except NoReverseMatch:
            return None
        total = self._said("batch_preset", "total_items")
        return Made(_("Batch"), "layers", figures.number(total), url)

    def _plans(self) -> Made | None:
        """Both plans by name; a comparison of them where both are there."""
        numbers = [self.steps[one].data.get("plan") for one in PLANNED if one in self.steps]
        there = dict(Plan.objects.filter(pk__in=filter(None, numbers)).values_list("pk", "name"))
        parts = [Link(there[pk], reverse("planning:plan", args=[pk])) for pk in sorted(there)]
        if len(parts) > 1:
            asked = "&".join(f"plan={pk}" for pk in sorted(there))
            parts.append(Link(_("Compared"), f"{reverse('planning:plan-compare')}?{asked}"))
        label = _("Plans")
        return (
            Made(label, "git-compare-arrows", figures.number(len(there)), parts=parts)
            if parts
            else None
        )

    def _downloads(self) -> Made | None:
        register = self.steps.get("register")
        found = []
        if register is not None and register.data and self.issue is not None:
            address, label = "forecasting:issue-download", _("Forecasts")
            found += downloads.offered(address, self.issue.pk, label=label)
        if self.backtest:
            found += comparison.table_urls(self.backtest, comparison.TABLES)
        parts = [Link(one["label"], one["url"], is_file=True) for one in found]
        count = figures.number(len(parts))
        return Made(_("Downloads"), "download", count, parts=parts) if parts else None


def _model_runs(step: StepRun) -> Sequence[int]:
    named: Sequence[int] = step.data.get("model_runs") or ()
    return named


def _why_not(run: Run, step: StepRun) -> str:
    """Say in a few words why a step has made nothing, or not yet."""
    status = labels.step_status(step, run_is_active=run.is_active)
    words = {
        "pending": _("comes with step %(n)s"),
        "running": _("step %(n)s is at work"),
        "waiting": _("step %(n)s waits"),
        "fail": _("step %(n)s failed"),
        "unreached": _("step %(n)s was not reached"),
        "cancelled": _("stopped in step %(n)s"),
    }
    if status == StepRun.Outcome.SKIP:
        return step.detail or _("step %(n)s was skipped") % {"n": step.index}
    return words.get(status, _("step %(n)s made none")) % {"n": step.index}
