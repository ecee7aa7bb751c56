"""The users that act without being people: none signs in, none holds a role."""

from __future__ import annotations

from django.contrib.auth.hashers import make_password

from forecastlab.accounts.models import User
from forecastlab.accounts.services import people


def policy_user() -> User:
    """Return who answers what policy answers."""
    return people.service_actor("policy")


def clock_user() -> User:
    """Return who answers when time is over."""
    return people.service_actor("clock")


def agent_user(skill: str) -> User:
    """Return who acts in sessions of a skill, such as `agent-experiment`."""
    user, _made = User.objects.get_or_create(
        username=f"agent-{skill}",
        defaults={
            "kind": User.Kind.AGENT,
            "is_active": False,
            "password": make_password(None),
        },
    )
    return user
