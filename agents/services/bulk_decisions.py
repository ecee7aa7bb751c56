"""Answering several approvals with one reason: as many single decisions, each told by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from django.utils.translation import gettext as _

from agents.models import Approval
from agents.queries import deciding
from agents.services import decisions, moves
from forecastlab.accounts.models import User
from forecastlab.accounts.services import access
from forecastlab.lib.errors import BadInput, Conflict, HouseError

MOST = 100
MOST_NUMBER = 2**63 - 1


class ByItself(Conflict):
    """This approval is decided by itself."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code  # type: ignore[misc]
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class Seen:
    """An approval as whoever answers saw it."""

    approval: int
    version: int
    digest: str


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one of them: its status now, or the code and the words of a refusal."""

    approval: int
    title: str = ""
    status: str = ""
    code: str = ""
    detail: str = ""

    @property
    def is_decided(self) -> bool:
        return not self.code


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of all of them, in the order in which they were named."""

    batch: str
    verdict: str
    all: Sequence[Told]

    @property
    def decided(self) -> list[Told]:
        return [one for one in self.all if one.is_decided]

    @property
    def refused(self) -> list[Told]:
        return [one for one in self.all if not one.is_decided]


def decide(
    seen: Sequence[Seen], verdict: str, *, by: User, reason: str = "", at: datetime
) -> Answered:
    """Answer each approval as it was seen, in a transaction of its own; a refusal stops no other.

    What `deciding.by_itself` names is refused. Raises BadInput for none, more than 100, or another
    verdict than approve and reject.
    """
    access.check(by, "approval.decide")
    if verdict not in decisions.VERDICTS:
        raise BadInput(_("The answer is 'approve' or 'reject'."), field="verdict")
    once = list({one.approval: one for one in seen}.values())
    if not once:
        raise BadInput(_("Tick at least one approval."), field="approvals")
    if len(once) > MOST:
        raise BadInput(_("At most %s at once.") % MOST, field="approvals")
    numbers = [one.approval for one in once if 0 < one.approval <= MOST_NUMBER]
    named = Approval.objects.visible_to(by).filter(pk__in=numbers)
    moves.lock_all(named.values("invocation__session"))
    batch = uuid4().hex
    said = {"by": by, "reason": reason, "at": at, "batch": batch}
    return Answered(batch, verdict, [_one(one, verdict, said) for one in once])


def _one(seen: Seen, verdict: str, said: dict[str, object]) -> Told:
    title = ""
    try:
        found = decisions.find(seen.approval, viewer=said["by"])  # type: ignore[arg-type]
        title = found.title
        _check_alone(found)
        decisions.decide(
            found.pk,
            verdict,
            version=seen.version,
            digest=seen.digest,
            **said,  # type: ignore[arg-type]
        )
    except HouseError as error:
        return Told(seen.approval, title, code=error.code, detail=error.message)
    return Told(seen.approval, title, status=Approval.objects.get(pk=found.pk).status)


def _check_alone(approval: Approval) -> None:
    code, why = deciding.by_itself(approval)
    if code and approval.is_open:
        raise ByItself(code, why)
