"""What lists ask for is found by an index, however many calls there were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse

from agents.models import Approval, Invocation, Session
from forecastlab.accounts.models import User
from tests.agents.asking import make_approval

pytestmark = pytest.mark.django_db

ASKED: dict[str, tuple[Callable[[], QuerySet[Any]], str]] = {
    "an open session that asks for the same": (
        lambda: Session.objects.undeleted().unfinished().filter(dedupe_key="a" * 64),
        "session_unfinished",
    ),
    "calls that nobody knows the end of": (
        lambda: Invocation.objects.filter(status=Invocation.Status.UNKNOWN),
        "invocation_unknown",
    ),
    "what people decided": (
        lambda: Approval.objects.exclude(status="open").asked_people().newest(),
        "approval_asked",
    ),
    "what ran without asking": (
        lambda: Approval.objects.filter(notifies=True).newest(),
        "approval_told",
    ),
}


@pytest.mark.parametrize("what", ASKED)
def test_it_is_found_by_its_index(what: str) -> None:
    asked, index = ASKED[what]

    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
    plan = asked().explain()

    assert index in plan


def test_a_view_of_the_inbox_offers_the_actions_that_are_in_it(client: Client, alice: User) -> None:
    make_approval(alice)
    Invocation.objects.update(tool="toast")
    make_approval(alice, tool={"base_score": 90})
    client.force_login(alice)
    url = reverse("agents:approvals")

    mine, told = (client.get(url, {"view": view}).content.decode() for view in ("mine", "told"))

    assert ('value="toast"' in mine, 'value="bake"' in mine) == (True, False)
    assert ('value="toast"' in told, 'value="bake"' in told) == (False, True)
