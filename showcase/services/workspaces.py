"""Keeping runs: the workspace that a run gets, and finding it again."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.events.services import log
from forecastlab.lib.contributions import NewEvent
from forecastlab.lib.errors import BadInput, Conflict, NotFound
from showcase.models import Run, Workspace
from showcase.services import story


class WorkspaceNameTaken(BadInput):
    """Another run is kept under this name."""

    code = "workspace_name_taken"


class AlreadyKept(Conflict):
    """This run is kept already."""

    code = "already_kept"


class NoSuchWorkspace(NotFound):
    """There is no such workspace."""

    code = "no_such_workspace"


class RunGone(NotFound):
    """This run has just been deleted."""

    code = "run_gone"


def find(name: str, *, viewer: User) -> Workspace:
    """Return a kept run that this person may see, by its name or its key.

    A name that it had before will do, as long as no other one has it. Raises NoSuchWorkspace.
    """
    visible = Workspace.objects.visible_to(viewer).select_related(
        "run__job", "run__dataset", "run__version__dataset", "run__requested_by", "created_by"
    )
    had_it = visible.filter(former_names__contains=[name]).order_by("-updated_at", "-pk")
    rows = (visible.filter(name=name), visible.filter(key=name), had_it)
    found = next((one for one in (each.first() for each in rows) if one is not None), None)
    if found is None:
        message = _("There is no workspace '%s', or not for you.") % name
        raise NoSuchWorkspace(message, field="name")
    return found


def check_free(name: str, *, field: str = "keep") -> None:
    """Raise WorkspaceNameTaken, whoever may see the run that has the name."""
    if Workspace.objects.filter(name=name).exists():
        raise taken(name, field=field)


def taken(name: str, *, field: str = "keep") -> WorkspaceNameTaken:
    return WorkspaceNameTaken(
        _("A run is kept as '%s' already.") % name, hint=_("Choose another name."), field=field
    )


def new_key() -> str:
    """Return what names a workspace to the outside, and for good."""
    return secrets.token_hex(16)


def keep(run: Run, name: str, *, by: User, at: datetime, field: str = "keep") -> Workspace:
    """Keep a run under a name, an empty one means its number; before, while or after it works.

    The slots of its story that can be told are filled at once, the others when the run ends: its
    row is locked, so it does not end meanwhile. Of two who ask at once the second is refused.
    Raises WorkspaceNameTaken, AlreadyKept or RunGone.
    """
    called, key = name or f"run-{run.pk}", new_key()
    with transaction.atomic():
        locked = Run.objects.select_for_update(of=("self",)).filter(pk=run.pk).first()
        if locked is None:
            raise RunGone
        try:
            with transaction.atomic():
                kept = Workspace.objects.create(
                    run=locked,
                    key=key,
                    family=key,
                    name=called,
                    created_by=by,
                    created_at=at,
                    updated_at=at,
                    **story.asked(locked),
                    **story.told(locked, at=at),
                )
        except IntegrityError as error:
            raise _refusal(locked, called, field) from error
        event = NewEvent(kept.stream, "workspace.kept", {"name": called, "run": run.pk})
        log.append([event], actor_id=by.pk, at=at)
    return kept


def _refusal(run: Run, name: str, field: str) -> BadInput | Conflict:
    earlier = Workspace.objects.filter(run=run).values_list("name", flat=True).first()
    if earlier is None:
        return taken(name, field=field)
    return AlreadyKept(_("Run %(run)s is kept as '%(name)s'.") % {"run": run.pk, "name": earlier})
