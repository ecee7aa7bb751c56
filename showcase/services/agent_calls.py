"""What tools of agents ask of runs and workspaces, within the dataset of their session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.accounts.services.access import requester
from forecastlab.lib.contributions import ToolContext
from forecastlab.lib.errors import BadInput
from forecastlab.lib.tools import becomes
from forecastlab.warehouse.queries.tool_calls import Call
from showcase.models import Run, Workspace
from showcase.queries import comparing, representations
from showcase.services import configs, runs, workspaces
from showcase.services.runs import NoSuchRun


class NoWorkspaceGiven(BadInput):
    """This session works on no workspace."""

    code = "no_workspace_given"


@dataclass(frozen=True, slots=True)
class Kept:
    by: User
    workspace: Workspace


def kept(context: ToolContext, verb: str) -> Kept:
    """Return the workspace of the session; raises NotAllowed, or NoSuchWorkspace."""
    by = requester(context, verb)
    if not context.workspace:
        raise NoWorkspaceGiven(hint=_("Start one over a kept run."), field="workspace")
    return Kept(by, workspaces.find(context.workspace, viewer=by))


def run(call: Call, number: int) -> Run:
    """Return a run over the session's dataset, and over no other; raises NoSuchRun."""
    found = runs.find(number, viewer=call.by)
    if found.dataset_id != call.version.dataset_id:
        raise NoSuchRun(
            _("'%(dataset)s' has no run %(n)s.") % {"dataset": call.dataset, "n": number}
        )
    return found


def described(found: Run) -> dict[str, Any]:
    """Return a run with how its steps ended, without all that they tell at length."""
    kept_of_step = ("name", "title", "status", "detail", "seconds")
    told = [{name: one[name] for name in kept_of_step} for one in representations.steps(found)]
    return {**representations.short(found), "config": found.config, "steps": told}


def compared(call: Call, numbers: Sequence[int]) -> dict[str, Any]:
    """Return runs over the session's dataset side by side; raises NoSuchRun."""
    names = [f"run:{run(call, one).pk}" for one in numbers]
    return comparing.as_json(comparing.of(names, viewer=call.by))


def planned(call: Call, options: Mapping[str, Any], *, at: datetime) -> list[tuple[str, str]]:
    """Say what a run would do; raises BadInput naming what is wrong."""
    asked = {**options, "dataset": call.version.ref}
    prepared = configs.prepare(asked, by=call.by, at=at)
    config = prepared.config
    return [
        (_("Dataset"), call.version.ref),
        (_("Models"), ", ".join(config["models"])),
        (_("Horizon"), str(config["horizon"])),
        (_("Windows"), str(config["folds"])),
        (_("Steps"), str(len(prepared.rows))),
    ]


def changes(workspace: Workspace, wanted: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Say what would change in how a workspace is kept."""
    titles = {"archived": _("Archived"), "pinned": _("Pinned"), "tags": _("Tags")}
    rows = [
        (titles[field], becomes(_plain(getattr(workspace, field)), _plain(value)))
        for field, value in wanted.items()
    ]
    return [(_("Workspace"), workspace.name), *rows]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return ", ".join(value) or _("none")
