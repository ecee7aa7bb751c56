"""How many approvals wait for a person, beside their place in the navigation."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from agents.models import Approval
from forecastlab.accounts.models import User
from tests.agents.asking import make_approval, make_approver
from tests.factories import make_user

pytestmark = pytest.mark.django_db

HIGH = {"risk": "high"}
COUNT = re.compile(r'id="approvals-count(-tab)?" class="count"[^>]*>(\d*)')


def counts(client: Client, person: User, url: str = "/runs/") -> list[tuple[str, str]]:
    client.force_login(person)
    return COUNT.findall(client.get(url).content.decode())


def test_every_page_tells_how_many_approvals_a_person_may_decide_now(
    client: Client, alice: User
) -> None:
    dora, charlie = make_approver(), make_user("charlie", role="approver")
    make_approval(alice)
    make_approval(alice, tool=HIGH)
    make_approval(dora, tool=HIGH)
    make_approval(alice, tool={"base_score": 90})

    assert counts(client, alice) == [("", "1"), ("-tab", "1")]
    assert counts(client, dora) == [("", "2"), ("-tab", "2")]
    assert counts(client, charlie) == [("", ""), ("-tab", "")]
    assert counts(client, make_approver("vera", "viewer")) == []


def test_the_count_falls_with_an_answer_and_is_told_again_when_there_is_news(
    client: Client, alice: User
) -> None:
    approval = make_approval(alice)
    seen = {"version": approval.version, "digest": approval.digest, "verdict": "reject"}
    client.force_login(alice)
    page = client.get(reverse("agents:approvals")).content.decode()
    url = reverse("agents:approvals-count")

    before = COUNT.findall(client.get(url).content.decode())
    client.post(reverse("agents:approval-decide", args=[approval.pk]), seen)
    after = client.get(url).content.decode()

    assert f'hx-get="{url}" hx-trigger="live:approvals.all from:body"' in page
    assert before == [("", "1"), ("-tab", "1")]
    assert COUNT.findall(after) == [("", ""), ("-tab", "")]
    assert 'id="approvals-count-tab" class="count" hx-swap-oob="true"' in after
    assert "<html" not in after


def test_counting_reads_the_open_ones_alone(
    alice: User, client: Client, django_assert_num_queries: Any
) -> None:
    approval = make_approval(alice)
    closed = Approval.objects.values().get(pk=approval.pk)
    assert closed["status"] == "open"
    client.force_login(alice)
    url = reverse("agents:approvals-count")
    client.get(url)

    with django_assert_num_queries(4) as asked:
        client.get(url)
    counted = next(one["sql"] for one in asked if "COUNT(" in one["sql"].upper())
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        cursor.execute(f"explain {counted}")
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "approval_open_by" in plan
