from __future__ import annotations

from showcase.models.bundles import Bundle
from showcase.models.presets import RunPreset
from showcase.models.resets import ResetToken
from showcase.models.runs import Run, RunObject, RunQuerySet, StepRun
from showcase.models.workspaces import Workspace, WorkspaceQuerySet

__all__ = [
    "Bundle",
    "ResetToken",
    "Run",
    "RunObject",
    "RunPreset",
    "RunQuerySet",
    "StepRun",
    "Workspace",
    "WorkspaceQuerySet",
]
