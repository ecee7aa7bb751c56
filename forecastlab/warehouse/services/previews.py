"""A preview: what an import would store and what is wrong, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import polars as pl
from django.db import connection, transaction

from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import jobs
from forecastlab.lib.contributions import Done, Skipped, StepContext, StepResult
from forecastlab.lib.errors import Conflict
from forecastlab.warehouse.domain import problems
from forecastlab.warehouse.domain.options import Options
from forecastlab.warehouse.domain.problems import Problem
from forecastlab.warehouse.gateways import workplace
from forecastlab.warehouse.gateways.workplace import TOKEN, Staged, Workplace
from forecastlab.warehouse.services import import_profiles, imports, loading, merging, prepared
from forecastlab.warehouse.services.imports import Asked
from forecastlab.warehouse.services.uploads import Upload

KIND, LOCK = "preview", "uploads.use"
SHOWN_ROWS, SHOWN_EACH = 20, 5
# The name of an import profile, and the columns of the files that it is for.
Profile = tuple[str, Sequence[str]]


class FileInUse(Conflict):
    """This file is being imported, or looked at in another preview. Wait until that is over."""

    code = "file_in_use"


class LossNotAgreed(Conflict):
    """This import takes rows away that the version before has. Say that you agree to that."""

    code = "loss_not_agreed"


class NothingToImport(Conflict):
    """This preview is not over, or found errors: nothing can be imported from it."""

    code = "nothing_to_import"


def start(
    name: str,
    upload: Upload,
    *,
    options: Options,
    by: User,
    at: datetime,
    profile: Profile | None = None,
) -> Job:
    """Start to read and check a received file, which is kept.

    The options become an import profile once they have proved able to read the file. Raises
    BadInput for what can be seen without reading the rows, FileInUse.
    """
    params = imports.checked(name, upload, options=options, by=by)
    if profile:
        import_profiles.checked_name(profile[0])
        params["profile"] = [profile[0], list(profile[1])]
    with transaction.atomic():
        _refuse_use(upload.place.token)
        return jobs.create(KIND, params=params, by=by, at=at)


def accept(preview: Job, *, by: User, at: datetime, agreed: bool = False) -> Job:
    """Start the import of what a preview has found in order; a second call returns the same.

    `agreed`: rows of the version before may go. Raises NothingToImport, LossNotAgreed, FileInUse,
    and UploadGone after a day.
    """
    with transaction.atomic():
        locked = Job.objects.select_for_update(no_key=True).get(pk=preview.pk)
        earlier = Job.objects.filter(kind=imports.KIND, params__preview=locked.pk).first()
        if earlier is not None:
            return earlier
        if locked.status != Job.Status.SUCCEEDED or _errors_of(locked):
            raise NothingToImport
        if _lost_by(locked) and not agreed:
            raise LossNotAgreed
        asked = Asked.of(locked.params)
        _refuse_use(asked.upload)
        return imports.start(
            asked.name,
            imports.opened(asked),
            options=asked.options,
            by=by,
            at=at,
            preview=locked.pk,
        )


def discard(upload: Upload) -> None:
    """Delete a received file that nobody imports; raise FileInUse while somebody does."""
    with transaction.atomic():
        _refuse_use(upload.place.token)
    upload.place.discard()


def _refuse_use(token: str) -> None:
    """Belongs in a transaction: two jobs on one file would write the same working files."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext(%s))", [f"{LOCK}.{token}"])
    if Job.objects.unfinished().filter(params__upload=token).exists():
        raise FileInUse


def _lost_by(preview: Job) -> int:
    """Return how many rows of the version before would go."""
    told = preview.steps.main().get(name="compare").data.get("outcome", {})
    return int(told["rows"]["removed"]) if told else 0


def _errors_of(preview: Job) -> bool:
    found = [one for step in preview.steps.main() for one in step.data.get("problems", [])]
    return any(one["level"] == "error" for one in found)


# -- the steps of the job ----------------------------------------------------------------------


def read(context: StepContext) -> StepResult:
    """Read the file; rows that cannot be read are set aside, so that the others are checked."""
    asked = Asked.of(context.params)
    place = workplace.existing(asked.upload)
    prepared.forget(place)
    found = imports.read(asked, context.report)
    if not problems.refusal(found):
        return _told(f"Read {asked.file_name}", found, {"left": None})
    left, rows = _set_aside(place)
    return _told(f"Read {asked.file_name}", found, {"left": left, "given": rows})


def check(context: StepContext) -> StepResult:
    """Check the rows and show the first of them as they would be stored."""
    asked = Asked.of(context.params)
    spoilt = context.results["read"]["left"] is not None
    if spoilt and not context.results["read"]["left"]:
        return Skipped("No row can be read")
    staged, found = imports.judge(asked, context.report)
    if staged is None:
        return _told("Nothing can be stored yet", found, {})
    place = workplace.existing(asked.upload)
    data = {**_figures(staged), **_rows(place, staged), "spoilt": spoilt}
    return _told(f"Rows in order: {staged.rows:,}, of {staged.series:,} series", found, data)


def compare(context: StepContext) -> StepResult:
    """Say how the facts differ from those of the version before, and leave all to the import."""
    asked = Asked.of(context.params)
    _save_profile(context, asked)
    known = {name: context.results[name].get("problems", []) for name in ("read", "check")}
    wrong = any(one["level"] == "error" for found in known.values() for one in found)
    if wrong or "figures" not in context.results["check"]:
        return Skipped("Not compared: nothing can be stored yet")
    said, found = imports.compare(context, asked)
    if not problems.refusal(found):
        prepared.keep(workplace.existing(asked.upload), asdict(asked.options), known)
    return _told(said, found, {"outcome": merging.outcome(workplace.existing(asked.upload))})


def _save_profile(context: StepContext, asked: Asked) -> None:
    if "profile" not in context.params:
        return
    name, headings = context.params["profile"]
    with context.fenced():
        by = loading.actor(context)
        import_profiles.save(name, headings, asked.options, by=by, at=context.now)


def clear(context: StepContext) -> None:
    """Forget what was read for a preview that failed or was stopped; the file is kept."""
    token = str(context.params["upload"])
    if TOKEN.fullmatch(token):
        place = Workplace(token)
        prepared.forget(place)
        place.clear_blocks()
        place.rows.unlink(missing_ok=True)


def _told(detail: str, found: Sequence[Problem], data: Mapping[str, Any]) -> Done:
    told = {**data, "problems": [one.as_json() for one in found]}
    return Done(detail, told, warn=bool(problems.refusal(found)))


def _set_aside(place: Workplace) -> tuple[int, int]:
    """Leave the rows without a value that cannot be used; return how many there are, and were."""
    rows = pl.scan_parquet(place.rows)
    marks = [name for name in rows.collect_schema().names() if name.startswith("bad_")]
    draft = place.rows.with_suffix(".draft")
    rows.filter(~pl.any_horizontal(marks)).sink_parquet(draft, compression="lz4")
    left, given = (
        int(one.select(pl.len()).collect().item()) for one in (pl.scan_parquet(draft), rows)
    )
    draft.replace(place.rows)
    return left, given


def _figures(staged: Staged) -> dict[str, Any]:
    calendar = staged.calendar
    figures = {
        "rows": staged.rows,
        "series": staged.series,
        "periods": staged.periods,
        "first": calendar.label(0),
        "last": calendar.label(staged.periods - 1),
        "frequency": staged.frequency,
        "noun": calendar.frequency.noun,
    }
    return {"figures": figures, "hash": staged.content_hash}


def _rows(place: Workplace, staged: Staged) -> dict[str, Any]:
    """Return the first facts with their series and date, as JSON holds them."""
    block = next(place.blocks())
    first = block.group_by("code", maintain_order=True).head(SHOWN_EACH).head(SHOWN_ROWS)
    ids = pl.read_parquet(place.series).select("code", "unique_id")
    facts = first.join(ids, on="code", how="left", maintain_order="left").to_dicts()
    signals = {f"signal_{at}": str(one["name"]) for at, one in enumerate(staged.signals)}
    numbers = [*staged.columns, *signals]
    sample = [
        [
            one["unique_id"],
            staged.calendar.label(one["t"]),
            *(_shown(one[name]) for name in numbers),
        ]
        for one in facts
    ]
    return {"columns": ["series", "ds", *staged.columns, *signals.values()], "sample": sample}


def _shown(value: float | None) -> str | None:
    return None if value is None else f"{value:,.4f}".rstrip("0").rstrip(".")
