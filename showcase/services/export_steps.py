"""The steps of an export. Each finds what the one before has left, and may be done again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import polars as pl
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecastlab.forecasting.models import ForecastIssue
from forecastlab.forecasting.services import exports
from forecastlab.lib import artefacts, downloads, figures
from forecastlab.lib.contributions import Done, Gone, StepContext, StepFailed
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.queries import tables
from showcase.domain import bundle_verdicts, bundles
from showcase.models import Bundle, Workspace
from showcase.queries.bundle_documents import Documents
from showcase.queries.bundle_report import Report
from showcase.services import exporting, packing, workbench
from showcase.services.workbench import Bench

FACTS = f"{bundles.DATASET}/facts.parquet"
SERIES = f"{bundles.DATASET}/series.parquet"
Frames = Callable[[], Iterable[pl.DataFrame]]


class BundleDamaged(StepFailed):
    """What was written is not what was meant to be."""

    code = "bundle_damaged"


def gather(context: StepContext) -> Done:
    """Write down the story: all that is small, as it stands now."""
    workspace = _workspace(context)
    exporting.check_over(workspace.run)
    params = context.params
    documents = Documents(workspace, seq=params["seq"], contents=params["contents"])
    bench = workbench.begun(context.job_id)
    context.report(0.1, _("Writing the story"))
    bench.write(bundles.MANIFEST, [bundles.canonical(documents.manifest())])
    bench.write(bundles.CONFIG, [bundles.canonical(workspace.run.config)])
    bench.write(bundles.STEPS, [bundles.canonical(documents.step_rows())])
    bench.write(bundles.METRICS, [bundles.canonical(documents.metrics())])
    bench.write(bundles.EVENTS, map(bundles.line, documents.events()))
    page = render_to_string("showcase/bundle_report.html", {"report": Report(documents)})
    bench.write(bundles.REPORT, [page.encode()])
    unresolved = documents.unresolved()
    issue, version = documents.issue, documents.version
    data = {
        "folder": bench.token,
        "workspace": workspace.name,
        "issue": issue.pk if issue else None,
        "version": version.pk if version else None,
        "models": dict(documents.models),
        "unresolved": unresolved,
    }
    return Done(_gathered(workspace, len(unresolved)), data, warn=bool(unresolved))


def tabulate(context: StepContext) -> Done:
    """Write the forecasts, and the sales where they were asked for."""
    left, bench = context.results["gather"], _bench(context)
    issues = ForecastIssue.objects.select_related("version__dataset")
    issue = issues.filter(pk=left["issue"]).first() if left["issue"] else None
    rows = 0
    if issue is not None:
        rows = _write_forecasts(context, bench, issue)
    if bundles.DATASET in context.params["contents"] and left["version"]:
        _write_sales(context, bench, left["version"])
    if issue is None:
        return Done(_("The run has no forecasts"))
    return Done(_("%(n)s forecasts written") % {"n": figures.number(rows)}, {"rows": rows})


def pack(context: StepContext) -> Done:
    """Sum up, sign and zip."""
    left, bench = context.results["gather"], _bench(context)
    states = {path: artefacts.path(digest) for path, digest in left["models"].items()}
    packing.pack(bench, left["workspace"], states, context.report)
    size = bench.zip.stat().st_size
    return Done(_("%(size)s packed and signed") % {"size": figures.size(size)}, {"size": size})


def check(context: StepContext) -> Done:
    """Read the whole bundle again; only then store it. Once it is, a repetition finds it."""
    bundle = Bundle.objects.filter(job_id=context.job_id).first() or _store(context)
    workbench.discard(context.job_id)
    said = ngettext("1 file read again", "%(n)s files read again", bundle.files)
    return Done(said % {"n": bundle.files}, {"bundle": bundle.pk, "sha256": bundle.digest})


def clear(context: StepContext) -> None:
    """Leave nothing of an export that was cancelled or failed."""
    workbench.discard(context.job_id)
    with context.fenced():
        Bundle.objects.filter(job_id=context.job_id).delete()


# -- the parts ---------------------------------------------------------------------------------


def _workspace(context: StepContext) -> Workspace:
    found = Workspace.objects.select_related(
        "created_by", "run__version__dataset", "run__requested_by"
    )
    workspace = found.filter(pk=context.params["workspace"]).first()
    if workspace is None:
        raise _gone(context)
    return workspace


def _gone(context: StepContext) -> Gone:
    name = context.params["name"]
    return Gone(_("The workspace '%(name)s' was deleted meanwhile.") % {"name": name})


def _bench(context: StepContext) -> Bench:
    return Bench(context.job_id, context.results["gather"]["folder"])


def _gathered(workspace: Workspace, unresolved: int) -> str:
    if not unresolved:
        return _("The story of %(name)s is written down") % {"name": workspace.name}
    said = ngettext(
        "The story of %(name)s is written down; 1 thing that it names is gone",
        "The story of %(name)s is written down; %(n)s things that it names are gone",
        unresolved,
    )
    return said % {"name": workspace.name, "n": unresolved}


def _write_forecasts(context: StepContext, bench: Bench, issue: ForecastIssue) -> int:
    rows = issue.series_count * issue.horizon

    def told(part: int) -> Iterator[pl.DataFrame]:
        done = 0
        for frame in exports.issued_by_part(issue):
            yield frame
            done += frame.height
            share = (part + done / max(rows, 1)) / 4
            context.report(min(0.5, share), _("Writing the forecasts"))

    bench.write(bundles.FORECASTS, downloads.parquet_chunks(told(0)))
    bench.write(bundles.FORECASTS_CSV, downloads.csv_chunks(told(1)))
    return rows


def _write_sales(context: StepContext, bench: Bench, pk: int) -> None:
    version = DatasetVersion.objects.select_related("dataset").filter(pk=pk).first()
    if version is None:
        raise Gone(_("The sales were deleted meanwhile. Export the run without them."))

    def told() -> Iterator[pl.DataFrame]:
        done = 0
        for frame in tables.facts(version):
            yield frame
            done += frame.height
            context.report(0.5 + done / max(version.rows, 1) / 2, _("Writing the sales"))

    bench.write(FACTS, downloads.parquet_chunks(told()))
    bench.write(SERIES, downloads.parquet_chunks([tables.catalogue(version)]))


def _store(context: StepContext) -> Bundle:
    bench = _bench(context)
    with bench.zip.open("rb") as stream:
        verdict = bundle_verdicts.judge(stream, context.report)
    if why := verdict.first_reason():
        raise BundleDamaged(why.message)
    digest = artefacts.put(bench.zip)
    with context.fenced():
        kept = Workspace.objects.select_for_update(no_key=True)
        if not kept.filter(pk=context.params["workspace"]).exists():
            raise _gone(context)
        return Bundle.objects.create(**_row(context, bench, digest, verdict))


def _row(
    context: StepContext, bench: Bench, digest: str, verdict: bundle_verdicts.Verdict
) -> dict[str, Any]:
    params = context.params
    return {
        "workspace_id": params["workspace"],
        "digest": digest,
        "size": bench.zip.stat().st_size,
        "seq": params["seq"],
        "contents": dict.fromkeys(params["contents"], True),
        "files": verdict.files,
        "job_id": context.job_id,
        "created_by_id": context.actor_id,
        "created_at": context.now,
        "expires_at": exporting.expiry(context.now),
        "checked_at": context.now,
        "verdict": {"valid": True, "reason": ""},
    }
