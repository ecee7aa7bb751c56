"""Looking whether the rows of all sessions fit together."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import F, Q
from django.utils.translation import gettext as _

from agents.models import Approval, Attempt, Invocation, Session
from agents.queries import skills
from agents.services import sweeping

MOST = 100


def findings() -> list[str]:
    """Return what is wrong, or wants a person, in sentences; nothing where all is well."""
    return list(_found())


def _found() -> Iterator[str]:
    yield from skills.unknown_tools()
    for session in sweeping.uncalled()[:MOST]:
        yield _("%(ref)s is %(status)s, and no job takes it up: the next sweep calls one.") % {
            "ref": session.ref,
            "status": session.status,
        }
    ended = Session.Status.SUCCEEDED, Session.Status.FAILED, Session.Status.CANCELLED
    asked = Approval.objects.open().filter(invocation__session__status__in=ended)
    for number in asked.order_by("pk").values_list("pk", flat=True)[:MOST]:
        yield _("Approval %s is open although its session has ended.") % number
    alive = Attempt.objects.exclude(status="ended").filter(session__status__in=ended)
    for attempt in alive.select_related("session").order_by("pk")[:MOST]:
        yield _("%s is not over although its session is.") % attempt
    yield from _calls(ended)


def _calls(ended: tuple[str, ...]) -> Iterator[str]:
    lost = Invocation.objects.filter(status=Invocation.Status.UNKNOWN).select_related("session")
    for one in lost.order_by("pk")[:MOST]:
        yield _("Nobody knows what became of call %(pk)s (%(tool)s) of %(ref)s: say it there.") % {
            "pk": one.pk,
            "tool": one.tool,
            "ref": one.session.ref,
        }
    begun = Invocation.objects.filter(
        status=Invocation.Status.CLAIMED, session__status__in=ended, session__job__slot=""
    )
    for one in begun.order_by("pk")[:MOST]:
        yield _("Call %(pk)s (%(tool)s) has begun and its session is over.") % {
            "pk": one.pk,
            "tool": one.tool,
        }
    own = Q(approval__status=Approval.Status.APPROVED, approval__digest=F("digest"))
    for one in Invocation.objects.exclude(claimed_at=None).exclude(own).order_by("pk")[:MOST]:
        yield _("Call %(pk)s (%(tool)s) ran without an approval of these arguments.") % {
            "pk": one.pk,
            "tool": one.tool,
        }
