"""What the page of a workspace's exports shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecastlab.forecasting.models import ModelRun
from forecastlab.jobs.models import Job
from forecastlab.jobs.queries import jobs
from forecastlab.lib import figures
from showcase.domain import bundles
from showcase.models import Bundle, Workspace

KIND = "export"
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a bundle, or a kind of file, and what is in it."""

    name: str
    holds: str


@dataclass(frozen=True, slots=True)
class Option:
    """A part that is in it only when asked for; `reason` says why there is none."""

    key: str
    label: str
    note: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    bundle: Bundle
    holds: str
    status: str
    word: str

    @property
    def key(self) -> str:
        return str(self.bundle.pk)


class ExportPage:
    """A workspace, its newest export if that goes on or went wrong, and its bundles."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace, self.run = workspace, workspace.run

    @property
    def columns(self) -> list[dict[str, object]]:
        return [
            {"label": _("Bundle"), "key": ""},
            {"label": _("Holds"), "key": "", "wide": True},
            {"label": _("Size"), "key": "", "numeric": True},
            {"label": _("Check"), "key": "", "wide": True},
            {"label": _("SHA-256"), "key": "", "numeric": True, "wide": True},
            {"label": _("Actions"), "key": ""},
        ]

    @cached_property
    def job(self) -> Job | None:
        """The newest export, until it has made its bundle."""
        found = Job.objects.filter(kind=KIND, params__workspace=self.workspace.pk)
        job = found.select_related("requested_by").order_by("-pk").first()
        return job if job is not None and job.status != Job.Status.SUCCEEDED else None

    @cached_property
    def job_page(self) -> jobs.JobPage | None:
        return jobs.job_page(self.job) if self.job else None

    @cached_property
    def rows(self) -> Sequence[Row]:
        found = self.workspace.bundles.select_related("created_by").order_by("-pk")
        return [row_of(one) for one in found[:SHOWN]]

    @property
    def parts(self) -> Sequence[Part]:
        return (
            Part(bundles.MANIFEST, _("the workspace, its story and lineage, versions, files")),
            Part(bundles.CONFIG, _("the frozen config of the run")),
            Part(bundles.STEPS, _("what every step found")),
            Part(bundles.METRICS, _("how every model was judged")),
            Part(bundles.EVENTS, _("what happened, event by event")),
            Part("forecasts.parquet, .csv", _("the forecasts that the run issued, if it did")),
            Part(bundles.REPORT, _("a report to read and to print")),
            Part(bundles.CHECKSUMS, _("SHA-256 of every file, and our signature of them")),
        )

    @property
    def options(self) -> Sequence[Option]:
        return self._models(), self._sales()

    def _models(self) -> Option:
        said = self.run.steps.filter(data__has_key="model_runs").values_list("data", flat=True)
        named = [one for data in said for one in data["model_runs"]]
        count = ModelRun.objects.filter(pk__in=named).count() if named else 0
        note = ngettext("1 trained model", "%(n)s trained models", count) % {"n": count}
        reason = "" if count else _("The run has none.")
        return Option(bundles.MODELS, _("Models"), note, reason)

    def _sales(self) -> Option:
        version = self.run.version
        if version is None:
            return Option(bundles.DATASET, _("Sales"), "", _("They were deleted."))
        said = {"ref": version.ref, "rows": figures.number(version.rows)}
        return Option(bundles.DATASET, _("Sales"), _("%(ref)s, %(rows)s rows") % said)


def row_of(bundle: Bundle) -> Row:
    status, word = _check(bundle)
    return Row(bundle, _holds(bundle), status, word)


def _holds(bundle: Bundle) -> str:
    words = {bundles.MODELS: _("models"), bundles.DATASET: _("sales")}
    more = [words[one] for one in bundles.OPTIONAL if one in bundle.contents]
    files = ngettext("1 file", "%(n)s files", bundle.files) % {"n": figures.number(bundle.files)}
    said = _("%(files)s: the story up to event %(n)s")
    return ", ".join([said % {"files": files, "n": figures.number(bundle.seq)}, *more])


def _check(bundle: Bundle) -> tuple[str, str]:
    """Return status and word of the last check."""
    if bundle.checked_at is None:
        return "pending", _("Not checked yet")
    valid = bundle.verdict is None or bundle.verdict.get("valid", False)
    return ("pass", _("As written")) if valid else ("fail", _("Damaged"))
