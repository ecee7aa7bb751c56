from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from forecastlab.accounts.models import Token, User
from forecastlab.accounts.services import secrets
from forecastlab.lib.errors import BadInput

PREFIX = "fl_"
SCHEME = "bearer"
LIFETIMES = (30, 90, 365)
SHOWN = 8
_USE_NOTED_EVERY = timedelta(minutes=1)


class NameTaken(BadInput):
    """A token of yours has this name."""

    code = "name_taken"


def create(owner: User, *, name: str, days: int, at: datetime) -> tuple[Token, str]:
    """Return the stored token and its secret, which can never be read again."""
    secret = PREFIX + secrets.make()
    try:
        with transaction.atomic():
            token = Token.objects.create(
                user=owner,
                name=name,
                digest=secrets.digest(secret),
                start=secret[:SHOWN],
                created_at=at,
                expires_at=at + timedelta(days=days),
            )
    except IntegrityError as error:
        raise NameTaken(field="name", hint=_("Choose another, or revoke that one.")) from error
    return token, secret


def revoke(token: Token, *, at: datetime) -> None:
    """End a token; a second time changes nothing."""
    Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at)


def sent_in(authorization: str) -> str:
    """Return the secret in the text of an Authorization header, "" where there is none."""
    scheme, _space, secret = authorization.partition(" ")
    return secret.strip() if scheme.lower() == SCHEME else ""


def bearer(secret: str, *, at: datetime) -> User | None:
    """Return the person a secret stands for, None when it is unknown, expired or revoked."""
    token = (
        Token.objects.usable(at)
        .filter(digest=secrets.digest(secret), user__is_active=True)
        .select_related("user")
        .first()
    )
    if token is None:
        return None
    if token.last_used_at is None or at - token.last_used_at >= _USE_NOTED_EVERY:
        Token.objects.filter(pk=token.pk).update(last_used_at=at)
    return token.user
