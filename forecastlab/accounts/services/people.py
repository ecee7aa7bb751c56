from __future__ import annotations

from collections.abc import Collection

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from forecastlab.accounts.domain.roles import Role
from forecastlab.accounts.models import User
from forecastlab.lib import doorbell
from forecastlab.lib.errors import BadInput

SERVICE_ACTORS = {
    "clock": User.Kind.CLOCK,
    "policy": User.Kind.POLICY,
    "system": User.Kind.SERVICE,
}


class UnknownPerson(BadInput):
    """There is no such person."""

    code = "unknown_person"


def actor(username: str, *, field: str = "as") -> User:
    """Return the person a command acts as; `username` empty means the installation's default.

    Raises BadInput, which names `field`.
    """
    name = username or settings.FORECASTLAB_ACTOR
    if not name:
        raise BadInput(
            _("Nobody is named to act."),
            field=field,
            hint=_("Give --as USER or set FORECASTLAB_ACTOR."),
        )
    person = User.objects.filter(username=name).first()
    if person is None:
        raise UnknownPerson(_("There is no user '%s'.") % name, field=field, hint=_known())
    if not person.can_act:
        raise BadInput(
            _("'%s' cannot act: the account is closed or belongs to a service.") % name,
            field=field,
            hint=_known(),
        )
    return person


def _known() -> str:
    names = User.objects.people().filter(is_active=True).order_by("username")
    return _("Known: %s.") % (", ".join(names.values_list("username", flat=True)[:20]) or _("none"))


def service_actor(name: str) -> User:
    """Return the user that stands for the clock, the policy or the system itself."""
    kind = SERVICE_ACTORS[name]
    user, _made = User.objects.get_or_create(
        username=name, defaults={"kind": kind, "is_active": False, "password": make_password(None)}
    )
    return user


def ensure_embedded_accounts() -> list[User]:
    """Make one account without a password per role; harmless when repeated.

    Does nothing with external services, where people are made by an administrator.
    """
    if not settings.FORECASTLAB_EMBEDDED:
        return []
    return [_ensure_account(role) for role in Role]


@transaction.atomic
def _ensure_account(role: Role) -> User:
    user, made = User.objects.get_or_create(
        username=role.value, defaults={"password": make_password(None)}
    )
    if made:
        user.groups.set([_group(role)])
    return user


def set_roles(person: User, roles: Collection[Role]) -> User:
    """Give `person` exactly these roles; readers groups stay as they are."""
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=person.pk)
        others = locked.groups.exclude(name__in=[role.value for role in Role])
        locked.groups.set([*others, *(_group(role) for role in roles)])
        doorbell.recheck(person.pk)
    return User.objects.get(pk=person.pk)


def set_password(person: User, password: str) -> None:
    """Give `person` a new password, which ends every session made with the old one."""
    with transaction.atomic():
        person.set_password(password)
        person.save(update_fields=["password"])
        doorbell.recheck(person.pk)


def access_changed(person: User) -> None:
    """Tell the sockets of `person` to ask again what they may read."""
    doorbell.recheck(person.pk)


def close(person: User) -> None:
    """Let `person` neither sign in nor act; sessions, sockets and tokens end, history stays."""
    with transaction.atomic():
        User.objects.filter(pk=person.pk).update(is_active=False)
        doorbell.recheck(person.pk)


def end_sessions(person: User) -> User:
    """Sign `person` out everywhere: sessions and sockets end, tokens stay."""
    with transaction.atomic():
        User.objects.filter(pk=person.pk).update(session_round=F("session_round") + 1)
        doorbell.recheck(person.pk)
    return User.objects.get(pk=person.pk)


def _group(role: Role) -> Group:
    return Group.objects.get_or_create(name=role.value)[0]
