"""What people do with kept runs: name, annotate, tag, pin, archive and delete them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecastlab.accounts.models import User
from forecastlab.accounts.services.access import may
from forecastlab.events.services import log
from forecastlab.lib.contributions import NewEvent
from forecastlab.lib.errors import BadInput, Conflict, HouseError, NotAllowed
from showcase.domain import workspaces as rules
from showcase.models import Run, Workspace
from showcase.services import workspaces
from showcase.services.workspaces import NoSuchWorkspace

MOST_AT_ONCE = 1000
MOST_FORMER = 20


class EditedMeanwhile(Conflict):
    """Somebody else has changed this workspace meanwhile."""

    code = "edited_meanwhile"


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a deletion took away, and what it left, in sentences."""

    name: str
    run: int
    goes: Sequence[str]
    stays: Sequence[str]

    def as_json(self) -> dict[str, Any]:
        return {"workspace": self.name, **{k: v for k, v in asdict(self).items() if k != "name"}}


@dataclass(frozen=True, slots=True)
class Result:
    """What a bulk action came to on one workspace; `detail` says why not."""

    workspace: str
    ok: bool
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """A bulk action: the verb that it asks for, and the fields that it sets."""

    verb: str
    sets: Callable[[Workspace, Sequence[str]], Mapping[str, Any]] | None


def keep(run: Run, said: Mapping[str, Any], *, by: User, at: datetime) -> Workspace:
    """Keep a run with what is said of it at once: name, notes, tags, pinned, archived.

    Without a name it is called by its number. Raises what `workspaces.keep` and `edit` raise.
    """
    wanted = rules.changes({field: value for field, value in said.items() if value != ""})
    name = wanted.pop("name", "")
    with transaction.atomic():
        kept = workspaces.keep(run, name, by=by, at=at, field="name")
        return edit(kept, wanted, by=by, at=at)


def edit(
    workspace: Workspace,
    changes: Mapping[str, Any],
    *,
    version: int | None = None,
    by: User,
    at: datetime,
) -> Workspace:
    """Set name, notes, tags, pinned or archived; what is left out stays as it is.

    `version` is the one that was looked at. Raises CurationUnusable or WorkspaceNameUnusable
    naming the field, WorkspaceNameTaken, EditedMeanwhile or NoSuchWorkspace.
    """
    wanted = rules.changes(changes)
    with transaction.atomic():
        kept = _locked(workspace, version)
        events = list(_events(kept, wanted))
        if not events:
            return kept
        former = _former_names(kept, wanted)
        for field, value in {**wanted, **former}.items():
            setattr(kept, field, value)
        kept.version, kept.updated_at = kept.version + 1, at
        try:
            with transaction.atomic():
                kept.save(update_fields=[*wanted, *former, "version", "updated_at"])
        except IntegrityError as error:
            raise workspaces.taken(kept.name, field="name") from error
        log.append(events, actor_id=by.pk, at=at)
    return kept


def consequences(workspace: Workspace) -> Deleted:
    """Say what deleting the workspace takes away and what it leaves, without deleting it."""
    bundles = workspace.bundles.count()
    replays = Workspace.objects.filter(ancestors__contains=[{"key": workspace.key}]).count()
    made = workspace.run.made.exclude(kind="job").count()
    goes = [_("its name, notes, tags and story")]
    if bundles:
        goes.append(ngettext("%(n)s export", "%(n)s exports", bundles) % {"n": bundles})
    stays = [_lives_on(workspace.run)]
    if made:
        told = ngettext("%(n)s thing that it made", "%(n)s things that it made", made)
        stays.append(told % {"n": made})
    if replays:
        told = ngettext("%(n)s replay of it", "%(n)s replays of it", replays)
        stays.append(told % {"n": replays})
    return Deleted(workspace.name, workspace.run_id, goes, stays)


def _lives_on(run: Run) -> str:
    """Say until when a run stays that nobody keeps any more."""
    days = settings.RUNS_KEPT_DAYS
    told: dict[str, Any] = {"run": run.pk, "days": days}
    if not days:
        return _("run %(run)s") % told
    if run.finished_at is None:
        return _("run %(run)s, until it is pruned %(days)s days after its end") % told
    until = run.finished_at + timedelta(days=days)
    return _("run %(run)s, until it is pruned after %(day)s") % {**told, "day": until.date()}


def delete(workspace: Workspace, *, version: int | None = None, by: User, at: datetime) -> Deleted:
    """Delete what was said of a run; the run and what it made stay.

    Raises EditedMeanwhile or NoSuchWorkspace.
    """
    with transaction.atomic():
        kept = _locked(workspace, version)
        told = consequences(kept)
        stream = kept.stream
        kept.delete()
        payload = {"name": told.name, "run": told.run, "key": kept.key}
        log.append([NewEvent(stream, "workspace.deleted", payload)], actor_id=by.pk, at=at)
    return told


def bulk(
    names: Sequence[str], action: str, *, tags: Sequence[str] = (), by: User, at: datetime
) -> list[Result]:
    """Do one thing to several workspaces, each in its own transaction, and tell of each.

    Raises NotAllowed without the action's verb, BadInput for an action that there is not.
    """
    found = _action(action, tags, by)
    distinct = list(dict.fromkeys(names))
    if not 1 <= len(distinct) <= MOST_AT_ONCE:
        raise BadInput(
            _("Choose 1 to %(most)s workspaces.") % {"most": MOST_AT_ONCE}, field="workspaces"
        )
    visible = Workspace.objects.visible_to(by).select_related("run")
    kept = {one.name: one for one in visible.filter(name__in=distinct)}
    return [_one(name, kept.get(name), found, tags, by=by, at=at) for name in distinct]


def _action(name: str, tags: Sequence[str], by: User) -> Action:
    if name not in ACTIONS:
        raise BadInput(
            _("There is no action '%s'.") % name,
            hint=_("There are: %s.") % ", ".join(ACTIONS),
            field="action",
        )
    action = ACTIONS[name]
    if not may(by, action.verb):
        raise NotAllowed
    if name in ("tag", "untag") and not rules.tags(tags):
        raise BadInput(_("Name at least one tag."), field="tags")
    return action


def _one(
    name: str,
    kept: Workspace | None,
    action: Action,
    tags: Sequence[str],
    *,
    by: User,
    at: datetime,
) -> Result:
    if kept is None:
        missing = NoSuchWorkspace(_("There is no workspace '%s', or not for you.") % name)
        return Result(name, ok=False, code=missing.code, detail=missing.message)
    try:
        with transaction.atomic():
            now = _locked(kept, None)
            if action.sets is None:
                delete(now, by=by, at=at)
            else:
                edit(now, action.sets(now, rules.tags(tags)), by=by, at=at)
    except HouseError as refusal:
        return Result(name, ok=False, code=refusal.code, detail=refusal.message)
    return Result(name, ok=True)


def _locked(workspace: Workspace, version: int | None) -> Workspace:
    """Return the workspace as it is now, for this transaction alone."""
    rows = Workspace.objects.select_for_update(of=("self",)).select_related("run")
    found = rows.filter(pk=workspace.pk).first()
    if found is None:
        raise NoSuchWorkspace(_("Workspace '%s' has just been deleted.") % workspace.name)
    if version is not None and version != found.version:
        raise EditedMeanwhile(hint=_("Look at it again, then repeat what you want of it."))
    return found


def _events(kept: Workspace, wanted: Mapping[str, Any]) -> Iterator[NewEvent]:
    """Tell what an edit changes; notes may hold anything and are not repeated."""
    for field, value in wanted.items():
        before = getattr(kept, field)
        if value != before:
            payload = {} if field == "notes" else {"from": before, "to": value}
            yield NewEvent(kept.stream, f"workspace.{_kind(field, value)}", payload)


def _kind(field: str, value: Any) -> str:
    kinds = {"name": "renamed", "notes": "noted", "tags": "tagged"}
    if field == "pinned":
        return "pinned" if value else "unpinned"
    if field == "archived":
        return "archived" if value else "restored"
    return kinds[field]


def _former_names(kept: Workspace, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the names that lead to it once it is renamed, the newest of them."""
    name = wanted.get("name", kept.name)
    if name == kept.name:
        return {}
    former = [one for one in [*kept.former_names, kept.name] if one != name]
    return {"former_names": former[-MOST_FORMER:]}


def _with(kept: Workspace, tags: Sequence[str]) -> Mapping[str, Any]:
    return {"tags": [*kept.tags, *tags]}


def _without(kept: Workspace, tags: Sequence[str]) -> Mapping[str, Any]:
    gone = {one.casefold() for one in tags}
    return {"tags": [one for one in kept.tags if one.casefold() not in gone]}


def _setting(field: str, value: bool) -> Action:  # noqa: FBT001
    return Action("workspace.edit", lambda _kept, _tags: {field: value})


ACTIONS: Mapping[str, Action] = {
    "archive": _setting("archived", True),  # noqa: FBT003
    "restore": _setting("archived", False),  # noqa: FBT003
    "pin": _setting("pinned", True),  # noqa: FBT003
    "unpin": _setting("pinned", False),  # noqa: FBT003
    "tag": Action("workspace.edit", _with),
    "untag": Action("workspace.edit", _without),
    "delete": Action("workspace.delete", None),
}
