"""What results name is a link to its page, as long as that is there."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from agents.models import Approval, Invocation, Message, Session
from agents.services import decisions
from forecastlab.accounts.models import User
from forecastlab.planning.models import Plan
from showcase.models import Run
from showcase.services import workspaces
from tests.agents.asking import make_call, make_session, make_tool
from tests.agents.factories import advance, make_judged, start
from tests.factories import make_group, make_user

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

CUT = "Save a plan with a 10% price cut for the weakest series"


@pytest.fixture
def alice(db: None) -> User:
    alice = make_user()
    make_judged(alice)
    return alice


@pytest.fixture
def page(client: Client) -> Client:
    dora = make_user("dora", role="approver")
    dora.groups.add(make_group("readers"))
    client.force_login(dora)
    return client


def saved(alice: User) -> tuple[Session, Approval]:
    """Let an agent save a plan, once it may."""
    session = advance(start(CUT, by=alice))
    asked = Approval.objects.open().get()
    seen = {"version": asked.version, "digest": asked.digest}
    decisions.decide(asked.pk, "approve", by=alice, at=timezone.now(), reason="", **seen)
    return advance(session), asked


def test_a_plan_that_an_agent_saved_is_linked_until_it_is_deleted(
    alice: User, page: Client
) -> None:
    session, asked = saved(alice)
    plan = Plan.objects.get()
    link = f'<a href="{plan.get_absolute_url()}">Plan {plan.pk}</a>'

    shown = page.get(session.get_absolute_url()).content.decode()
    facts = shown.partition(f'id="session-{session.pk}-facts"')[2].partition("</section>")[0]
    decided = page.get(asked.get_absolute_url()).content.decode()
    plan.delete()
    later = page.get(session.get_absolute_url()).content.decode()

    assert f"<dt>Made</dt>\n    <dd>{link}</dd>" in facts
    assert f"<p>{link}</p>" in shown.partition('class="call"')[2]
    assert link in decided
    assert f"Plan {plan.pk}</a>" not in later


def test_every_kind_of_object_that_a_result_names_has_its_page(alice: User, page: Client) -> None:
    run = Run.objects.get()
    kept = workspaces.keep(run, "kept-a", by=alice, at=timezone.now())
    named = {
        "run": (run.pk, run.get_absolute_url()),
        "workspace": (kept.name, kept.get_absolute_url()),
        "job": (run.job_id, f"/jobs/{run.job_id}/"),
        "plan": (999_999, ""),
        "model_run": ("no number", ""),
    }
    session, at = make_session(alice), timezone.now()
    Message.objects.create(session=session, number=1, text="Look", author=alice, at=at)
    call = make_call(session, make_tool())
    result = {name: ref for name, (ref, _url) in named.items()}
    Invocation.objects.filter(pk=call.pk).update(status="succeeded", finished_at=at, result=result)

    shown = page.get(session.get_absolute_url()).content.decode()

    # It is about the run, not about the job that carries it.
    assert f'<p><a href="{run.get_absolute_url()}">Run {run.pk}</a></p>' in shown
    returned = shown.partition("Returned")[2].partition("</dl>")[0]
    for ref, url in named.values():
        assert (f'<a href="{url}">{ref}</a>' if url else f"<dd>{ref}</dd>") in returned
