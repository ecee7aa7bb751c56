from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session

from forecastlab.accounts.models import SignInLink
from forecastlab.accounts.services import idempotency, sign_in
from forecastlab.lib import sweeps

LOCK = "accounts.sweep"
LINKS_KEPT = timedelta(days=1)


def sweep(at: datetime) -> None:
    """Forget keys, tries, links and sessions that no longer matter; one sweep at a time."""
    with sweeps.alone(LOCK) as first:
        if not first:
            return
        idempotency.forget_old_keys(at)
        sign_in.forget_old_tries(at)
        SignInLink.objects.filter(expires_at__lt=at - LINKS_KEPT).delete()
        Session.objects.filter(expire_date__lt=at).delete()
