"""What a preview found: rows as they would be stored, and all problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from forecastlab.jobs.models import Job
from forecastlab.jobs.queries import jobs as job_queries
from forecastlab.jobs.queries.jobs import JobNotFound, JobPage
from forecastlab.warehouse.domain.differences import CHANGES
from forecastlab.warehouse.models import Dataset, DatasetVersion
from forecastlab.warehouse.queries.versions_page import moved
from forecastlab.warehouse.queries.wording import on_page

KIND, MOST_DIGITS = "preview", 18
Found = Sequence[Mapping[str, Any]]
# By the code of a problem: the field of the columns' form that may settle it, and how it is called.
SETTLED_BY = {
    "ambiguous_dates": ("dates", _lazy("Set dates")),
    "bad_ds": ("dates", _lazy("Set dates")),
    "no_timezone": ("timezone", _lazy("Set time zone")),
    "ambiguous_numbers": ("decimal", _lazy("Set decimal sign")),
    "bad_quantity": ("decimal", _lazy("Set decimal sign")),
    "no_rhythm": ("frequency", _lazy("Set frequency")),
    "off_rhythm": ("frequency", _lazy("Set frequency")),
    "repeated": ("duplicates", _lazy("Set repeated rows")),
    "returns": ("returns", _lazy("Set negative sales")),
    "exists_already": ("mode_0", _lazy("Set mode")),
    "does_not_fit": ("mode_0", _lazy("Set mode")),
}


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """`found` is what the steps have told so far; `imported` the import that came of it.

    `same` is the newest version when it holds exactly these facts.
    """

    page: JobPage
    found: Mapping[str, Any]
    problems: Found
    imported: Job | None
    same: DatasetVersion | None

    @property
    def job(self) -> Job:
        return self.page.job

    @property
    def name(self) -> str:
        return str(self.job.params["dataset"])

    @property
    def file_name(self) -> str:
        return str(self.job.params["file_name"])

    @property
    def token(self) -> str:
        return str(self.job.params["upload"])

    @property
    def options(self) -> Mapping[str, Any]:
        return dict(self.job.params["options"])

    @property
    def errors(self) -> Found:
        """Return what stops the import, each with the choice that may settle it."""
        return [_with_choice(one) for one in worded(self.problems) if one["level"] == "error"]

    @property
    def notes(self) -> Found:
        return [one for one in worded(self.problems) if one["level"] != "error"]

    @property
    def compared(self) -> str:
        return next((one.detail for one in self.page.steps if one.name == "compare"), "")

    @property
    def outcome(self) -> Mapping[str, Any]:
        """Return how the version that would be differs from the one before, if there is one."""
        return dict(self.found.get("outcome") or {})

    @property
    def brings_nothing(self) -> bool:
        return bool(self.outcome) and not any(self.outcome["rows"][one] for one in CHANGES)

    @property
    def lost(self) -> Mapping[str, int] | None:
        """Return how many rows of the version before would go, of how many."""
        rows = self.outcome.get("rows", {})
        if not rows.get("removed"):
            return None
        before = rows["removed"] + rows["changed"] + rows["kept"]
        return {"rows": rows["removed"], "of": before}

    @property
    def after(self) -> Sequence[Mapping[str, Any]]:
        """Return what the new version would hold, where the file is only a part of it."""
        if not self.outcome or self.options["mode"] == "replace":
            return []
        count = {
            what: sum(self.outcome[what][one] for one in ("added", "changed", "kept"))
            for what in ("rows", "series")
        }
        return [
            {"value": f"{count['rows']:,}", "label": _("rows")},
            {"value": f"{count['series']:,}", "label": _("series")},
            {"value": " – ".join(self.outcome["span"]["after"]), "label": ""},
        ]

    @property
    def changed(self) -> Sequence[Mapping[str, str]]:
        """Return the first rows that would change, with what they held and would hold."""
        found = self.outcome.get("examples", {}).get("changed", [])
        return [{**one, "moved": moved(one["columns"])} for one in found]

    @property
    def readable(self) -> str:
        """Say how many rows of the file could be read, where some could not."""
        left, given = self.found.get("left"), self.found.get("given")
        if left is None or given is None:
            return ""
        return _("%(left)s of %(given)s rows can be read.") % {
            "left": f"{left:,}",
            "given": f"{given:,}",
        }

    @property
    def is_usable(self) -> bool:
        return self.job.status == Job.Status.SUCCEEDED and not self.errors

    @property
    def counts(self) -> Sequence[Mapping[str, Any]]:
        told = self.found.get("figures")
        if not told:
            return []
        return [
            {"value": f"{told['rows']:,}", "label": ngettext("row", "rows", told["rows"])},
            {"value": f"{told['series']:,}", "label": _("series")},
            {
                "value": f"{told['periods']:,}",
                "label": ngettext("period", "periods", told["periods"]),
            },
            {"value": told["noun"], "label": self._how_frequency()},
            {"value": f"{told['first']} – {told['last']}", "label": ""},
        ]

    def _how_frequency(self) -> str:
        if self.options.get("frequency"):
            return _("frequency, as chosen")
        return _("frequency, guessed from the dates")


def of(job_id: int, user: Any) -> PreviewPage:
    """Return a preview; raise JobNotFound when it is none, or somebody else's."""
    job = job_queries.find(job_id, user)
    if job.kind != KIND:
        raise JobNotFound(f"Job {job_id} is not a preview.")
    page = job_queries.job_page(job)
    found: dict[str, Any] = {}
    problems: list[Mapping[str, Any]] = []
    for step in page.steps:
        found |= step.data
        problems += step.data.get("problems", [])
    imported = Job.objects.filter(kind="import", params__preview=job.pk).first()
    return PreviewPage(page, found, problems, imported, _same(found, job, user))


def named(number: str, user: Any) -> PreviewPage:
    """Return somebody's own preview by what an address says; raise JobNotFound."""
    if not number.isdecimal() or len(number) > MOST_DIGITS:
        raise JobNotFound
    return of(int(number), user)


def newest(name: str, user: Any) -> DatasetVersion | None:
    """Return the newest version under that name that the user may see."""
    seen = DatasetVersion.objects.visible_to(user).filter(dataset__in=Dataset.objects.named(name))
    return seen.select_related("dataset").order_by("-number").first()


def worded(problems: Found) -> Found:
    """Return problems in the words of the page."""
    return [{**one, "message": on_page(str(one["message"]))} for one in problems]


def _with_choice(problem: Mapping[str, Any]) -> Mapping[str, Any]:
    field, label = SETTLED_BY.get(str(problem["code"]), ("", ""))
    return {**problem, "choice": label, "anchor": f"#id_{field}"}


def _same(found: Mapping[str, Any], job: Job, user: Any) -> DatasetVersion | None:
    version = newest(str(job.params["dataset"]), user) if found.get("hash") else None
    return version if version and version.content_hash == found["hash"] else None
