from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from django.utils.translation import gettext as _
from pydantic import Field

from forecastlab.lib.contributions import Exposure, ToolContext, ToolResult
from forecastlab.lib.tools import Arguments, agent_tool, key_of, mark, told
from forecastlab.warehouse.queries import tool_calls
from showcase.queries import representations, run_list, workspace_representations
from showcase.services import agent_calls, curation, exporting, runs

VIEW_RUNS, START_RUNS = "run.view", "run.start"
VIEW, EDIT, EXPORT = "workspace.view", "workspace.edit", "workspace.export"
Status = Literal[
    "", "queued", "running", "waiting", "succeeded", "failed", "cancelled", "interrupted"
]


class Runs(Arguments):
    status: Status = Field("", description="Only runs in this state; empty for all.")
    limit: int = Field(10, ge=1, le=50, description="How many to list.")


class OneRun(Arguments):
    run: int = Field(ge=1, description="The number of the run.")


class ComparedRuns(Arguments):
    runs: list[int] = Field(
        min_length=2, max_length=10, description="Numbers of runs; the first is measured against."
    )


class Nothing(Arguments):
    pass


class RunStarted(Arguments):
    models: list[str] | None = Field(
        None, min_length=1, max_length=30, description="Names of models; empty for the usual ones."
    )
    horizon: int | None = Field(None, ge=1, le=90, description="How many periods ahead.")
    folds: int | None = Field(None, ge=1, le=20, description="How many windows are judged.")
    table: Literal["short", "long"] = Field("short", description="Which rows of the pipeline.")
    name: str = Field("", max_length=100, description="What the run is called.")

    @property
    def options(self) -> Mapping[str, Any]:
        return self.model_dump(exclude_none=True)


class Switched(Arguments):
    on: bool = Field(default=True, description="False takes it back.")


class Tagged(Arguments):
    tags: list[str] = Field(min_length=1, max_length=10, description="Tags to add.")


class Exported(Arguments):
    contents: list[Literal["models", "dataset"]] = Field(
        default_factory=list, max_length=2, description="What is packed beside the story."
    )


# -- reading -----------------------------------------------------------------------------------


@agent_tool("list_runs", arguments=Runs, verb=VIEW_RUNS, has_effect=False)
def list_runs(context: ToolContext, asked: Runs) -> ToolResult:
    """List runs over the dataset, newest first, with what was best in each."""
    call = tool_calls.of(context, VIEW_RUNS)
    filters = {"dataset": call.dataset, "status": asked.status}
    found, following = run_list.listed(
        call.by,
        filters={key: one for key, one in filters.items() if one},
        limit=asked.limit,
        cursor="",
    )
    items = [representations.short(one) for one in found]
    return told({"items": items, "more": bool(following)}, f"{len(items)} runs")


@agent_tool("read_run", arguments=OneRun, verb=VIEW_RUNS, has_effect=False)
def read_run(context: ToolContext, asked: OneRun) -> ToolResult:
    """Read a run over the dataset: its settings, how each step ended, what was best."""
    run = agent_calls.run(tool_calls.of(context, VIEW_RUNS), asked.run)
    return told(agent_calls.described(run), f"Run {run.pk}: {run.status}")


@agent_tool("compare_runs", arguments=ComparedRuns, verb=VIEW, has_effect=False)
def compare_runs(context: ToolContext, asked: ComparedRuns) -> ToolResult:
    """Put runs over the dataset side by side: what differs in their settings and results."""
    call = tool_calls.of(context, VIEW)
    found = agent_calls.compared(call, asked.runs)
    return told(found, _("%s runs side by side") % len(asked.runs))


@agent_tool("read_workspace", arguments=Nothing, verb=VIEW, has_effect=False)
def read_workspace(context: ToolContext, _asked: Nothing) -> ToolResult:
    """Read the workspace of this session: its notes, its tags and its story."""
    call = agent_calls.kept(context, VIEW)
    found = workspace_representations.whole(call.workspace, viewer=call.by)
    return told(found, f"{call.workspace.name}: {call.workspace.run.status}")


# -- doing -------------------------------------------------------------------------------------


def _run_title(asked: RunStarted) -> str:
    models = ", ".join(asked.models) if asked.models else _("the usual models")
    return _("Start a run with %(models)s") % {"models": models}


def _every_series(context: ToolContext, _asked: RunStarted) -> Exposure:
    return Exposure(tool_calls.of(context, VIEW_RUNS).version.series_count, "series")


def _run_preview(context: ToolContext, asked: RunStarted) -> Sequence[tuple[str, str]]:
    return agent_calls.planned(tool_calls.of(context, VIEW_RUNS), asked.options, at=context.now)


@agent_tool(
    "start_run",
    arguments=RunStarted,
    verb=START_RUNS,
    risk="medium",
    exposure=_every_series,
    exposure_limit=10_000,
    title=_run_title,
    preview=_run_preview,
)
def start_run(context: ToolContext, asked: RunStarted) -> ToolResult:
    """Start the whole pipeline over the dataset: train, judge, register, verify."""
    call = tool_calls.of(context, START_RUNS)
    options = {**asked.options, "dataset": call.version.ref}
    run = runs.start(options, by=call.by, at=context.now, key=key_of(context))
    return told(representations.short(run), _("Run %s has started") % run.pk)


def _edited(context: ToolContext, changes: Mapping[str, Any], detail: str) -> ToolResult:
    call = agent_calls.kept(context, EDIT)
    changed = curation.edit(call.workspace, changes, by=call.by, at=context.now)
    return told(workspace_representations.short(changed), f"{changed.name}: {detail}")


def _one_workspace(_context: ToolContext, _asked: Any) -> Exposure:
    return Exposure(1, "workspaces")


def _workspace_seen(context: ToolContext, _asked: Any) -> str:
    kept = agent_calls.kept(context, VIEW).workspace
    return mark(kept.pk, kept.name, kept.archived, kept.pinned, *kept.tags)


def _archive_title(asked: Switched) -> str:
    return _("Archive the workspace") if asked.on else _("Take the workspace out of the archive")


def _archived(context: ToolContext, asked: Switched) -> Sequence[tuple[str, str]]:
    return _would(context, {"archived": asked.on})


def _pinned(context: ToolContext, asked: Switched) -> Sequence[tuple[str, str]]:
    return _would(context, {"pinned": asked.on})


def _tagged(context: ToolContext, asked: Tagged) -> Sequence[tuple[str, str]]:
    kept = agent_calls.kept(context, VIEW).workspace
    return agent_calls.changes(kept, {"tags": [*kept.tags, *asked.tags]})


def _exported(context: ToolContext, asked: Exported) -> Sequence[tuple[str, str]]:
    packed = ", ".join(["story", *asked.contents])
    return [*_would(context, {}), (_("Packed"), packed)]


def _would(context: ToolContext, wanted: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return agent_calls.changes(agent_calls.kept(context, VIEW).workspace, wanted)


@agent_tool(
    "archive_workspace",
    arguments=Switched,
    verb=EDIT,
    risk="medium",
    base_score=65,
    inline_threshold=65,
    exposure=_one_workspace,
    seen=_workspace_seen,
    title=_archive_title,
    preview=_archived,
)
def archive_workspace(context: ToolContext, asked: Switched) -> ToolResult:
    """Put the workspace of this session into the archive, or take it out again."""
    return _edited(context, {"archived": asked.on}, _archive_title(asked))


def _pin_title(asked: Switched) -> str:
    return _("Pin the workspace") if asked.on else _("Unpin the workspace")


@agent_tool(
    "pin_workspace",
    arguments=Switched,
    verb=EDIT,
    base_score=88,
    exposure=_one_workspace,
    seen=_workspace_seen,
    title=_pin_title,
    preview=_pinned,
)
def pin_workspace(context: ToolContext, asked: Switched) -> ToolResult:
    """Pin the workspace of this session above the others, or unpin it."""
    return _edited(context, {"pinned": asked.on}, _pin_title(asked))


def _tag_title(asked: Tagged) -> str:
    return _("Tag the workspace: %s") % ", ".join(asked.tags)


@agent_tool(
    "tag_workspace",
    arguments=Tagged,
    verb=EDIT,
    base_score=88,
    exposure=_one_workspace,
    seen=_workspace_seen,
    title=_tag_title,
    preview=_tagged,
)
def tag_workspace(context: ToolContext, asked: Tagged) -> ToolResult:
    """Add tags to the workspace of this session."""
    call = agent_calls.kept(context, EDIT)
    return _edited(context, {"tags": [*call.workspace.tags, *asked.tags]}, _tag_title(asked))


def _export_title(asked: Exported) -> str:
    more = ", ".join(asked.contents)
    return _("Export the workspace with %s") % more if more else _("Export the workspace")


@agent_tool(
    "export_workspace",
    arguments=Exported,
    verb=EXPORT,
    risk="medium",
    exposure=_one_workspace,
    seen=_workspace_seen,
    title=_export_title,
    preview=_exported,
)
def export_workspace(context: ToolContext, asked: Exported) -> ToolResult:
    """Start the export of the workspace of this session as a signed bundle."""
    call = agent_calls.kept(context, EXPORT)
    job = exporting.start(
        call.workspace,
        contents=list(asked.contents),
        by=call.by,
        at=context.now,
        key=key_of(context),
    )
    return told({"job": job.pk}, _("Job %s makes the bundle") % job.pk)
