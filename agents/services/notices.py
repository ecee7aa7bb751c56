"""Telling a team of people something: each finds it on a page, and by e-mail where that is set up.

There are no preferences and no retries: a mail that is refused is logged, and its notice stays.
"""

from __future__ import annotations

import logging
from smtplib import SMTPException
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.utils.translation import gettext as _

from agents.models import Notice, Session
from agents.queries import people, rosters
from forecastlab.accounts.models import User
from forecastlab.events.services import log
from forecastlab.lib.contributions import NewEvent, ToolContext
from forecastlab.lib.errors import BadInput
from forecastlab.lib.redaction import redacted_text

logger = logging.getLogger(__name__)


class NobodyThere(BadInput):
    """Nobody is in this team."""

    code = "nobody_there"


def recipients(team: str) -> list[User]:
    """Return whom a team is; raises NoSuchTeam."""
    return list(people.people_in([rosters.check_team(team)]))


def send(context: ToolContext, *, team: str, subject: str, text: str, by: User) -> Notice:
    """Tell a team something, once for each operation; raises NoSuchTeam or NobodyThere.

    Nobody is told a secret. The row commits before any mail is sent, so that a crash between both
    sends no mail twice.
    """
    key = UUID(context.operation_id)
    there = Notice.objects.filter(operation_id=key).first()
    if there is not None:
        return there
    found, text = recipients(team), redacted_text(text)
    # One line, as the head of a mail must be: what is refused later is refused after the commit.
    subject = " ".join(redacted_text(subject).split())[:200]
    if not found:
        raise NobodyThere(_("Nobody is in the team '%s'.") % team, field="team")
    with transaction.atomic():
        session = Session.objects.filter(ref=context.session).first()
        made = Notice.objects.create(
            session=session,
            operation_id=key,
            team=team,
            subject=subject,
            text=text,
            sent_for=by,
            sent_at=context.now,
        )
        made.recipients.set(found)
        if session is not None:
            payload = {"detail": subject, "team": team, "people": len(found)}
            event = NewEvent(session.stream, "people.notified", payload)
            log.append([event], actor_id=context.actor_id, at=context.now)
    made.mailed = _mail(made, [one.email for one in found if one.email])
    made.save(update_fields=["mailed"])
    return made


def _mail(notice: Notice, addresses: list[str]) -> int:
    """Send a mail to each address; return how many went out."""
    if not settings.EMAIL_HOST:
        return 0
    return sum(_sent(notice, address) for address in addresses)


def _sent(notice: Notice, address: str) -> bool:
    try:
        return bool(send_mail(notice.subject, notice.text, None, [address]))
    except (SMTPException, OSError) as error:
        logger.warning("Notice %s was not mailed to %s: %s", notice.pk, address, error)
        return False
