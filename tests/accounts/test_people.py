from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from forecastlab.accounts.domain.roles import Role
from forecastlab.accounts.models import User
from forecastlab.accounts.services import people
from forecastlab.lib.errors import BadInput
from tests.factories import make_group, make_user

pytestmark = pytest.mark.django_db


def test_a_person_is_found_to_act() -> None:
    alice = make_user("alice")

    assert people.actor("alice") == alice


def test_the_installation_names_who_acts_by_default(settings) -> None:
    settings.FORECASTLAB_ACTOR = "alice"
    alice = make_user("alice")

    assert people.actor("") == alice


def test_nobody_named_is_bad_input(settings) -> None:
    settings.FORECASTLAB_ACTOR = ""

    with pytest.raises(BadInput, match="--as USER") as caught:
        people.actor("")

    assert caught.value.field == "as"


def test_an_unknown_person_is_refused_with_the_known_ones() -> None:
    make_user("alice")

    with pytest.raises(people.UnknownPerson, match=r"no user 'zoe'.*alice"):
        people.actor("zoe")


def test_a_closed_account_cannot_act() -> None:
    make_user("alice", is_active=False)

    with pytest.raises(BadInput, match="cannot act"):
        people.actor("alice")


@pytest.mark.parametrize("name", people.SERVICE_ACTORS)
def test_a_service_actor_exists_and_cannot_act_as_a_person(name: str) -> None:
    user = people.service_actor(name)

    assert user.kind == people.SERVICE_ACTORS[name]
    assert not user.is_active
    assert not user.has_usable_password()
    with pytest.raises(BadInput, match="cannot act"):
        people.actor(name)


@pytest.mark.parametrize("change", [{"is_active": True}, {"password": "x" * 20}])
def test_the_database_refuses_a_service_user_that_could_sign_in(change: dict) -> None:
    clock = people.service_actor("clock")

    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=clock.pk).update(**change)


@pytest.mark.parametrize("role", ["approver", "admin"])
def test_the_database_refuses_a_deciding_role_for_a_service_user(role: str) -> None:
    policy = people.service_actor("policy")

    with pytest.raises(IntegrityError, match="no deciding role"), transaction.atomic():
        policy.groups.add(make_group(role))


def test_a_service_user_never_becomes_a_person() -> None:
    policy = people.service_actor("policy")

    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        User.objects.filter(pk=policy.pk).update(kind="person")


def test_the_embedded_default_has_one_account_per_role_and_no_password(settings) -> None:
    settings.FORECASTLAB_EMBEDDED = True

    made = people.ensure_embedded_accounts()
    again = people.ensure_embedded_accounts()

    assert [user.username for user in made] == [role.value for role in Role]
    assert all(user.roles == {user.username} for user in made)
    assert not any(user.has_usable_password() for user in made)
    assert again == made


def test_external_services_get_no_default_accounts() -> None:
    assert people.ensure_embedded_accounts() == []
    assert not User.objects.people().exists()


def test_staff_follows_the_role_admin() -> None:
    alice = make_user("alice", role="admin")
    was_staff = alice.is_staff

    alice = people.set_roles(alice, [Role.VIEWER])

    assert was_staff
    assert not alice.is_staff
    assert alice.roles == {"viewer"}


def test_new_roles_leave_readers_groups_alone() -> None:
    bob = make_user("bob")
    bob.groups.add(make_group("readers"))

    bob = people.set_roles(bob, [Role.OPERATOR])

    assert set(bob.groups.values_list("name", flat=True)) == {"readers", "operator"}
