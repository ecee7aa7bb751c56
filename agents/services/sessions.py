"""The life of a session, as people move it. The job that advances it is called on commit."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from agents.domain import duplicates
from agents.domain.skills import SKILLS, Skill
from agents.models import Message, Pause, Session
from agents.services import actors, calling, ending, moves, refs
from forecastlab.accounts.models import User
from forecastlab.events.services import log
from forecastlab.jobs.models import Schedule
from forecastlab.lib import texts
from forecastlab.lib.contributions import NewEvent
from forecastlab.lib.errors import BadInput, Conflict, NotFound, Unavailable
from forecastlab.lib.redaction import redacted_text
from forecastlab.warehouse import queries as warehouse
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.services import versions
from showcase.models import Run, Workspace
from showcase.services import workspaces

LONGEST_MESSAGE = 4_000


class NoSuchSkill(BadInput):
    """There is no such skill."""

    code = "no_such_skill"


class NoSuchSession(NotFound):
    """There is no such session."""

    code = "no_such_session"


class NoModel(Unavailable):
    """This installation lets no agent work: FORECASTLAB_LLM is none."""

    code = "no_model"


class SessionEnded(Conflict):
    """The session has ended; there is nothing to do."""

    code = "session_ended"


class AwaitsDecision(Conflict):
    """The session waits for a decision, not for words."""

    code = "awaits_decision"


class NoDuplicate(Conflict):
    """The session is no duplicate of another one."""

    code = "no_duplicate"


# -- starting -----------------------------------------------------------------------------------


def start(  # noqa: PLR0913 - what is asked for, of what, by whom and through what
    skill: str,
    message: str,
    *,
    by: User,
    dataset: str = "",
    workspace: str = "",
    trigger: str,
    at: datetime,
    run: Run | None = None,
    schedule: Schedule | None = None,
    key: str = "",
) -> Session:
    """Start a session for a person; with a `key` that was used before, return that one.

    `dataset` is `NAME` or `NAME@3`. A request for what an open session of the same person already
    does becomes a duplicate: linked, and not worked on. Raises BadInput naming the field, NotFound,
    or NoModel.
    """
    if settings.FORECASTLAB_LLM == "none":
        raise NoModel(hint=_("Set it to planner, openai or ollama."))
    known, text = _skill(skill), _text(message)
    version = _version(dataset, known, by)
    kept = _workspace(workspace, version, by)
    of = version.dataset if version else None
    same = duplicates.key(skill, of.pk if of else None, by.pk, text)
    with transaction.atomic():
        _alone(key or same)
        earlier = Session.objects.filter(start_key=key).first() if key else None
        if earlier is not None:
            return earlier
        if version is not None:
            versions.keep(version.dataset, version)
        session = Session(
            ref=refs.take(at),
            skill=skill,
            subject=text[:200],
            trigger=trigger,
            dataset=of,
            dataset_version=version,
            workspace=kept,
            run=run,
            schedule=schedule,
            requested_by=by,
            actor=actors.agent_user(skill),
            dedupe_key=same,
            start_key=key,
            created_at=at,
        )
        return _begin(session, text, by=by, at=at)


def check(skill: str, message: str, *, by: User, dataset: str = "", workspace: str = "") -> None:
    """Raise what `start` would, but for the lack of a model; nothing is written."""
    known = _skill(skill)
    _text(message)
    _workspace(workspace, _version(dataset, known, by), by)


def _begin(session: Session, text: str, *, by: User, at: datetime) -> Session:
    """Store a new session with its message, and a job unless an open one does the same."""
    same = Session.objects.undeleted().unfinished().filter(dedupe_key=session.dedupe_key).first()
    session.save()
    Message.objects.create(session=session, number=1, text=text, author=by, at=at)
    created = [
        NewEvent(session.stream, "session.created", {"ref": session.ref, "skill": session.skill}),
        NewEvent("sessions.all", "session.created"),
    ]
    if same is None:
        calling.new_job(session, at=at)
        log.append(created, actor_id=by.pk, at=at)
        return session
    session.duplicate_of = same
    session.outcome = Session.Outcome.DUPLICATE
    session.outcome_reason = _("%s asks for the same and is not over.") % same.ref
    return moves.change(session, "link", at=at, said=moves.Said("", by.pk), also=created)


def _skill(name: str) -> Skill:
    if name not in SKILLS:
        told = _("There is no skill '%s'.") % name
        raise NoSuchSkill(told, hint=_("There are: %s.") % ", ".join(SKILLS), field="skill")
    return SKILLS[name]


def _text(message: str) -> str:
    text = message.strip()
    texts.check(text, field="message")
    if not text:
        raise BadInput(_("Say what the agent is to do."), field="message")
    if len(text) > LONGEST_MESSAGE:
        told = _("A message has at most %s characters.") % LONGEST_MESSAGE
        raise BadInput(told, field="message")
    return redacted_text(text)


def _version(dataset: str, skill: Skill, by: User) -> DatasetVersion | None:
    if dataset:
        return warehouse.resolve(dataset, by)
    if skill.needs_dataset:
        raise BadInput(_("Say which dataset the agent is to look at."), field="dataset")
    return None


def _workspace(name: str, version: DatasetVersion | None, by: User) -> Workspace | None:
    """Return the kept run that a session works on; it is one over the session's dataset."""
    if not name.strip():
        return None
    try:
        found = workspaces.find(name.strip(), viewer=by)
    except workspaces.NoSuchWorkspace as error:
        hint = _("Name a run that is kept, or leave it empty.")
        raise workspaces.NoSuchWorkspace(error.detail, hint=hint, field="workspace") from error
    if version is not None and found.run.dataset_id not in (None, version.dataset_id):
        said = {"name": found.name, "its": found.run.dataset, "dataset": version.dataset.name}
        raise BadInput(
            _("'%(name)s' is a run over '%(its)s', and this session is over '%(dataset)s'.") % said,
            field="workspace",
        )
    return found


def _alone(name: str) -> None:
    """Let nobody else start the same before this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_advisory_xact_lock(hashtext('agents.start'), hashtext(%s))", [name]
        )


# -- while it lives -------------------------------------------------------------------------------


def say(session: Session, text: str, *, by: User, at: datetime) -> Session:
    """Tell a session something; one that has ended, but was not stopped, goes on with it.

    Raises AwaitsDecision while an approval or an unknown outcome is open: words answer neither.
    """
    said = _text(text)
    with transaction.atomic():
        held = moves.lock(session.pk)
        if held.status == Session.Status.CANCELLED or held.duplicate_of_id:
            raise SessionEnded(_("%s was stopped, or is a duplicate.") % held.ref)
        if Pause.objects.filter(session=held, status="open").exists():
            raise AwaitsDecision(_("%s waits for a decision, not for words.") % held.ref)
        last = held.messages.aggregate(last=Max("number"))["last"] or 0
        Message.objects.create(session=held, number=last + 1, text=said, author=by, at=at)
        told = NewEvent(held.stream, "message.said", {"number": last + 1})
        if held.is_ended:
            return _continue(held, by=by, at=at, also=[told])
        log.append([told], actor_id=by.pk, at=at)
        _call(held, at=at)
        return held


def retry(session: Session, *, by: User, at: datetime) -> Session:
    """Let a failed session go on, as a new attempt: what it has done is not done again."""
    with transaction.atomic():
        held = moves.lock(session.pk)
        if held.status != Session.Status.FAILED:
            raise SessionEnded(
                _("%(ref)s is %(status)s: there is nothing to go on with.")
                % {"ref": held.ref, "status": held.status}
            )
        return _continue(held, by=by, at=at)


def retract(session: Session, *, by: User, at: datetime) -> Session:
    """Say that a duplicate is none: it is worked on after all."""
    with transaction.atomic():
        held = moves.lock(session.pk)
        if held.duplicate_of_id is None:
            raise NoDuplicate(_("%s is no duplicate of another session.") % held.ref)
        earlier = held.duplicate_of.ref if held.duplicate_of else ""
        held.duplicate_of, held.dedupe_key = None, ""
        told = NewEvent(held.stream, "session.duplicate_retracted", {"was": earlier})
        return _continue(held, by=by, at=at, also=[told])


def _continue(
    held: Session, *, by: User, at: datetime, also: list[NewEvent] | None = None
) -> Session:
    """Take a locked session that has ended up again, with a job of its own, and into the lists."""
    held.outcome, held.outcome_reason, held.outcome_data = "", "", {}
    held.deleted_at = None
    calling.new_job(held, at=at)
    return moves.change(held, "continue", at=at, said=moves.Said("", by.pk), also=also or [])


def stop(session: Session, *, by: User, at: datetime, reason: str = "") -> Session:
    """End a session at once: nothing that is not claimed yet will run. Raises SessionEnded."""
    with transaction.atomic():
        held = moves.lock(session.pk)
        if held.is_ended:
            raise SessionEnded(
                _("%(ref)s has ended as %(status)s.") % {"ref": held.ref, "status": held.status}
            )
        why = redacted_text(reason.strip()) or _("Stopped by a person")
        ending.cancel(held, why, by=by, at=at)
        if held.job_id:
            transaction.on_commit(partial(calling.end_job, held.job_id, by=by, at=at), robust=True)
    session.refresh_from_db()
    return session


def delete(session: Session, *, by: User, at: datetime) -> None:
    """Take an ended session out of the lists; its rows stay. Repeating it changes nothing."""
    with transaction.atomic():
        held = moves.lock(session.pk)
        if not held.is_ended:
            raise Conflict(_("%s is not over.") % held.ref, hint=_("Stop it first."))
        if held.deleted_at is None:
            held.deleted_at, held.version = at, held.version + 1
            held.save(update_fields=["deleted_at", "version"])
            log.append([NewEvent(held.stream, "session.deleted")], actor_id=by.pk, at=at)


def wake(session: Session, *, at: datetime) -> None:
    """Let a session that waits look again at its rows: called where a decision was taken.

    In the transaction of the decision: the job is called once that has committed. Repeating it,
    or calling it for a session that has ended, does nothing.
    """
    with transaction.atomic():
        held = moves.lock(session.pk)
        if held.is_ended:
            return
        if held.status == Session.Status.WAITING:
            moves.change(held, "requeue", at=at)
        _call(held, at=at)


def _call(held: Session, *, at: datetime) -> None:
    transaction.on_commit(partial(calling.call, held.pk, at=at), robust=True)


def find(number: str | int, *, viewer: User) -> Session:
    """Return a session that this person may see, by its number or its ref."""
    visible = Session.objects.visible_to(viewer).select_related(
        "dataset", "dataset_version__dataset", "workspace", "requested_by", "actor", "job"
    )
    text = str(number)
    key = texts.number(text)
    found = visible.filter(ref=text).first() if key is None else visible.filter(pk=key).first()
    if found is None:
        raise NoSuchSession(_("There is no session '%s', or not for you.") % text, field="session")
    return found
