from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group

from forecastlab.accounts.models import User

# -- accounts ----------------------------------------------------------------------------------


def make_user(
    username: str = "alice", *, role: str = "planner", password: str = "", **fields: Any
) -> User:
    """Make a person in `role` ("" for none); alice owns, bob reads, charlie is a stranger."""
    user = User.objects.create_user(username, password=password or None, **fields)
    if role:
        user.groups.add(make_group(role))
    return user


def make_group(name: str = "readers") -> Group:
    return Group.objects.get_or_create(name=name)[0]
