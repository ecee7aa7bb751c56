"""Importing a file: a job that stages, checks and loads it."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import jobs
from forecastlab.lib.barriers import barrier
from forecastlab.lib.contributions import Done, Json, Report, StepContext
from forecastlab.lib.errors import BadInput
from forecastlab.warehouse.domain import names, problems
from forecastlab.warehouse.domain.differences import CORRECT
from forecastlab.warehouse.domain.mapping import Mapping
from forecastlab.warehouse.domain.options import Options as Options
from forecastlab.warehouse.domain.problems import Problem
from forecastlab.warehouse.gateways import checking, staging, workplace
from forecastlab.warehouse.gateways.workplace import Staged
from forecastlab.warehouse.models import Dataset, DatasetVersion, ImportReport
from forecastlab.warehouse.services import (
    loading,
    merging,
    prepared,
    reports,
    sources,
    tables,
    uploads,
)
from forecastlab.warehouse.services.loading import Load, NameTaken
from forecastlab.warehouse.services.uploads import Upload

KIND = "import"


class ImportRefused(BadInput):
    """The file cannot be imported."""

    code = "import_refused"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a job's params say."""

    upload: str
    file_name: str
    name: str
    options: Options = field(default_factory=Options)

    @classmethod
    def of(cls, params: Dictionary[str, Any]) -> Asked:
        options = Options(**params["options"])
        return cls(params["upload"], params["file_name"], params["dataset"], options)


def check_name(name: str, *, by: User) -> str:
    """Return the name, or what the dataset that had it is called now.

    Raises NameUnusable or NameTaken.
    """
    names.checked(name)
    known = Dataset.objects.named(name)
    present = known.values_list("name", flat=True).first()
    if present is None:
        return name
    if not known.filter(pk__in=Dataset.objects.visible_to(by).values("pk")).exists():
        raise NameTaken(f"The name '{name}' is taken. Choose another.", field="name")
    return present


def start(
    name: str, upload: Upload, *, options: Options, by: User, at: datetime, preview: int = 0
) -> Job:
    """Start the import of a received file, which the job discards when it ends.

    `preview` is the job that has looked at it before. Raises BadInput for what can be seen
    without reading the rows; the file is kept then.
    """
    params = {**checked(name, upload, options=options, by=by), "preview": preview}
    slot = f"dataset:{params['dataset']}"
    return jobs.create(KIND, params=params, by=by, at=at, exclusive=slot)


def checked(name: str, upload: Upload, *, options: Options, by: User) -> dict[str, Any]:
    """Return the params of a job that reads the file; raise BadInput for what is wrong already."""
    name = check_name(name, by=by)
    options.check()
    table = sources.table(upload, options)
    tables.check(upload.place, options, table.mapping)
    return {
        "dataset": name,
        "upload": upload.place.token,
        "file_name": upload.file_name,
        "options": asdict(options),
    }


# -- what a preview does too -------------------------------------------------------------------


def opened(asked: Asked) -> Upload:
    """Open the file of a job once more; raise UploadGone when it has been swept."""
    return uploads.again(asked.upload, asked.file_name, encoding=asked.options.encoding)


def read(asked: Asked, report: Report) -> list[Problem]:
    """Write the rows of the file, typed, into its workplace."""
    upload = opened(asked)
    table = sources.table(upload, asked.options)
    report(0.1, f"Reading {asked.file_name}")
    reading = replace(asked.options.reading, periods=table.undated)
    found = staging.stage(table.source, table.mapping, upload.place, reading)
    beside = tables.read(upload.place, asked.options, table.mapping)
    return [*found, *beside, *_dropped(table.mapping)]


def judge(asked: Asked, report: Report) -> tuple[Staged | None, list[Problem]]:
    """Write what was read as facts; nothing is staged where an error is among the problems."""
    upload = opened(asked)
    table = sources.table(upload, asked.options)
    usual = merging.frequency_before(asked.name, asked.options.mode)
    # Corrections come now and then: what lies between them says nothing.
    corrects = asked.options.mode == CORRECT
    brought = tables.holidays(upload.place)
    kept = () if brought else tables.kept_holidays(asked.name, table.mapping)
    wanted = checking.Wanted(
        undated=table.undated,
        frequency=asked.options.frequency or (usual if corrects else ""),
        usual=usual,
        returns=asked.options.returns,
        duplicates=asked.options.duplicates,
        timezone=asked.options.timezone,
        signals=table.mapping.signals,
        line_word=table.source.line_word,
        ds_column=table.mapping.column("ds") or "",
        quantity_column=table.mapping.column("quantity") or "",
        holidays=brought or kept,
        holidays_kept=bool(kept),
        part=bool(usual),
    )
    staged, found = checking.check(upload.place, wanted, report)
    if staged is not None:
        found += tables.compare(upload.place, staged, asked.options, table.mapping)
        found += tables.joined(asked.name, kept, staged)
    return staged, found


def compare(context: StepContext, asked: Asked) -> tuple[str, list[Problem]]:
    """Compare the facts with those of the version before, merge them where asked, and say how."""
    place = workplace.existing(asked.upload)
    found = merging.prepare(place, _wanted(context, asked), context.report)
    return merging.sentence(place), found


# -- the steps of the job ----------------------------------------------------------------------


def stage(context: StepContext) -> Done:
    """Read the file as it stands and write typed rows."""
    asked = Asked.of(context.params)
    known = prepared.of(workplace.existing(asked.upload), asdict(asked.options))
    if known is not None:
        return Done(f"{asked.file_name} was read for its preview", {"notes": known["read"]})
    found = read(asked, context.report)
    barrier("import-staged")
    _refuse_errors(context, asked, found)
    return Done(f"Read {asked.file_name}", {"notes": [one.as_json() for one in found]})


def check(context: StepContext) -> Done:
    """Sort, date and count the rows; write the facts."""
    asked = Asked.of(context.params)
    place = workplace.existing(asked.upload)
    known = prepared.of(place, asdict(asked.options))
    if known is not None:
        return _in_order(place.staged(), known["check"])
    staged, found = judge(asked, context.report)
    barrier("import-checked")
    _refuse_errors(context, asked, found)
    if staged is None:
        raise ImportRefused("Nothing was loaded.")
    return _in_order(staged, [one.as_json() for one in found])


def _in_order(staged: Staged, notes: Sequence[Json]) -> Done:
    detail = f"Rows in order: {staged.rows:,}, of {staged.series:,} series"
    return Done(detail, {"notes": list(notes), "rows": staged.rows})


def merge(context: StepContext) -> Done:
    """Compare the facts with those of the version before, and merge them where asked."""
    asked = Asked.of(context.params)
    said, found = compare(context, asked)
    barrier("import-merged")
    _refuse_errors(context, asked, found)
    return Done(said, {"notes": [one.as_json() for one in found]})


def load(context: StepContext) -> Done:
    """Make the version. Once it is made, a second run of this step finds it."""
    asked = Asked.of(context.params)
    report = ImportReport.objects.filter(job_id=context.job_id).first()
    if report is None:
        report = _load(context, asked)
    workplace.Workplace(asked.upload).discard()
    return Done(reports.sentence(report), report.figures, warn=report.verdict == "unchanged")


def _load(context: StepContext, asked: Asked) -> ImportReport:
    place = workplace.existing(asked.upload)
    steps = ("stage", "check", "merge")
    notes = [note for one in steps for note in context.results.get(one, {}).get("notes", [])]
    wanted = _wanted(context, asked)
    # Nothing to do, unless a run has simulated a version of this name since.
    _refuse_errors(context, asked, merging.prepare(place, wanted, context.report))
    with context.fenced():
        version, made = loading.load(place, wanted, context.report)
        tables.keep(version.dataset, place)
        if not made:
            notes.append(reports.unchanged(version).as_json())
        return reports.of_version(
            context, version, made=made, file_name=asked.file_name, notes=notes
        )


def _wanted(context: StepContext, asked: Asked) -> Load:
    by = loading.actor(context)
    config = {"file": asked.file_name, "options": asdict(asked.options)}
    mode = asked.options.mode
    return Load(asked.name, by, context.now, DatasetVersion.Source.IMPORT, config, mode)


def _dropped(mapping: Mapping) -> list[Problem]:
    if not mapping.dropped:
        return []
    listed = ", ".join(f"'{one}'" for one in mapping.dropped)
    message = f"Dropped columns without a role: {listed}. "
    message += "To keep one, give it a role or make it a signal (--signal COLUMN:known)."
    return [problems.note("dropped_columns", message, count=len(mapping.dropped))]


def _refuse_errors(context: StepContext, asked: Asked, found: Sequence[Problem]) -> None:
    refusal = problems.refusal(found)
    if refusal:
        reports.of_refusal(
            context,
            name=asked.name,
            file_name=asked.file_name,
            found=[one.as_json() for one in found],
        )
        raise ImportRefused(refusal, field="file")
