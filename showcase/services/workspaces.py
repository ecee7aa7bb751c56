"""Kept runs."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import IntegrityError, transaction

from forecastlab.accounts.models import User
from forecastlab.lib.errors import BadInput
from showcase.models import Run, Workspace


class WorkspaceNameTaken(BadInput):
    """Another run is kept under this name."""

    code = "workspace_name_taken"


def check_free(name: str) -> None:
    """Raise WorkspaceNameTaken, whoever may see the run that has the name."""
    if Workspace.objects.filter(name=name).exists():
        raise _taken(name)


def _taken(name: str) -> WorkspaceNameTaken:
    hint = "Choose another name."
    return WorkspaceNameTaken(f"A run is kept as '{name}' already.", hint=hint, field="keep")


def new_key() -> str:
    """Return what names a workspace to the outside, and for good."""
    return secrets.token_hex(16)


def keep(run: Run, name: str, *, by: User, at: datetime) -> Workspace:
    """Keep a run under a name, an empty one means its number; raises WorkspaceNameTaken.

    Of two who ask at once for one name the second is refused by the constraint.
    """
    called = name or f"run-{run.pk}"
    try:
        with transaction.atomic():
            key = new_key()
            return Workspace.objects.create(
                run=run,
                key=key,
                family=key,
                name=called,
                created_by=by,
                created_at=at,
                updated_at=at,
            )
    except IntegrityError as error:
        raise _taken(called) from error
