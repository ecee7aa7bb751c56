"""Everything that the page of one kept run shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from forecastlab.lib import figures, notes
from forecastlab.warehouse.queries import wording
from showcase.models import Workspace
from showcase.queries import facts, labels, lineage, link_health
from showcase.queries.lineage import Family
from showcase.queries.link_health import Health
from showcase.queries.run_page import RunPage

DIFFERENCES_SHOWN = 50
EVENTS_SHOWN = 50
DECISIONS: Mapping[str, str | Promise] = {
    "approved": gettext_lazy("Approved"),
    "rejected": gettext_lazy("Rejected"),
    "timed_out": gettext_lazy("Expired"),
    "expired": gettext_lazy("Expired"),
    "withdrawn": gettext_lazy("Withdrawn"),
    "open": gettext_lazy("Not decided"),
}


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase as the run left it."""

    title: str
    status: str
    steps: str
    took: str


@dataclass(frozen=True, slots=True)
class Told:
    """A line of the story: what happened, what was said of it, `{title, url}` of what it cites."""

    text: str
    detail: str = ""
    cited: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Worked:
    """A job that carried the run; `url` is empty where it is gone."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Differences:
    """What a replay found: `shown` of `count` differences."""

    tone: str
    title: str
    shown: Sequence[Mapping[str, str]]
    count: int


class WorkspacePage:
    """A kept run; each part of the page reads what it needs when it is asked for."""

    def __init__(self, workspace: Workspace, *, viewer: User, now: datetime) -> None:
        self.workspace, self.viewer = workspace, viewer
        self.run = RunPage(workspace.run, now=now)

    @property
    def kept_by(self) -> str:
        by = self.workspace.created_by
        return (by.get_full_name() or by.get_username()) if by else ""

    @property
    def notes(self) -> SafeString:
        return notes.html(self.workspace.notes)

    @property
    def facts(self) -> Sequence[Mapping[str, Any]]:
        run = self.workspace.run
        told = {_("Kept as"), _("Imported from")}  # elsewhere on the page
        return [
            {"label": _("Run"), "value": run.pk, "url": run.get_absolute_url()},
            *(one for one in facts.of(run) if one["label"] not in told),
            *self._changed(),
            {"label": _("Key"), "value": self.workspace.key, "mono": True},
        ]

    def _changed(self) -> Iterable[Mapping[str, Any]]:
        """What somebody set otherwise than the scenario has it, and what they looked at."""
        for knob, value in (self.workspace.seed_overrides or {}).items():
            yield {"label": wording.KNOBS.get(knob, knob), "value": value}
        scope = self.workspace.user_scope or {}
        if scope:
            yield {"label": _("Focus"), "value": ", ".join(str(one) for one in scope.values())}

    @cached_property
    def family(self) -> Family:
        return lineage.of(self.workspace, viewer=self.viewer)

    @cached_property
    def health(self) -> Health:
        return link_health.of_run(self.workspace.run)

    # -- how a replay compares ------------------------------------------------------------------

    @property
    def source(self) -> str:
        """The name that the source of a replay had then."""
        told = self.workspace.ancestors[-1:]
        return str(told[0]["name"] or figures.UNKNOWN) if told else figures.UNKNOWN

    @cached_property
    def reproduction(self) -> Differences | None:
        found = self.workspace.reproduction
        if found is None:
            return None
        differences = found.get("differences") or []
        shown = [
            {key: _plain(one.get(key)) for key in ("what", "expected", "actual")}
            for one in differences[:DIFFERENCES_SHOWN]
        ]
        tone, title = self._verdict(found.get("reproduced"), len(differences))
        return Differences(tone, title, shown, len(differences))

    def _verdict(self, reproduced: bool | None, count: int) -> tuple[str, str]:  # noqa: FBT001
        if self.workspace.replay_mode != Workspace.ReplayMode.EXACT:
            text = ngettext(
                "1 input differs from '%(name)s'.", "%(n)s inputs differ from '%(name)s'.", count
            )
            return "accent", text % {"n": count, "name": self.source}
        if reproduced is None:
            return "warn", _("Nobody can say whether '%(name)s' was reproduced.") % {
                "name": self.source
            }
        if reproduced:
            return "ok", _("The same numbers as '%(name)s'.") % {"name": self.source}
        text = ngettext(
            "1 thing differs from '%(name)s'.", "%(n)s things differ from '%(name)s'.", count
        )
        return "warn", text % {"n": count, "name": self.source}

    # -- what happened ----------------------------------------------------------------------------

    @property
    def phases(self) -> Sequence[Phase]:
        """The phases in the order in which they ran; none before the run has ended."""
        return [
            Phase(
                title=labels.phase(str(one["phase_name"])),
                status=str(one["status"]),
                steps=labels.steps_count(_count(one["steps"])),
                took=figures.duration(float(one["duration_ms"] or 0) / 1000),
            )
            for one in self.workspace.phase_summaries or ()
        ]

    @cached_property
    def jobs(self) -> Sequence[Worked]:
        named = [str(one) for one in self.workspace.job_ids or ()]
        numbers = [int(one) for one in named if one.isdigit()]
        here = set(Job.objects.filter(pk__in=numbers).values_list("pk", flat=True))
        return [
            Worked(
                _("Job %(n)s") % {"n": one},
                reverse("jobs:job", args=[int(one)]) if one.isdigit() and int(one) in here else "",
            )
            for one in named
        ]

    @property
    def approvals(self) -> Sequence[Told]:
        said = self.workspace.approval_events or ()
        return [
            Told(
                f"{DECISIONS.get(one.get('decision', ''), one.get('decision', ''))}: "
                f"{one.get('tool_name', figures.UNKNOWN)}",
                ": ".join(str(one[key]) for key in ("decided_by", "reason") if one.get(key)),
            )
            for one in said[:EVENTS_SHOWN]
        ]

    @property
    def knowledge(self) -> Sequence[Told]:
        said = self.workspace.knowledge_events or ()
        return [
            Told(
                f"{str(one.get('event', '')).capitalize()}: {one.get('status', '')}",
                str(one.get("detail") or ""),
                one.get("citations") or (),
            )
            for one in said[:EVENTS_SHOWN]
        ]


def _count(steps: Any) -> int:
    return len(steps) if isinstance(steps, list) else int(steps or 0)


def _plain(value: Any) -> str:
    """Write a value of any kind on one line, numbers with all their digits."""
    return figures.UNKNOWN if value is None else str(value)
