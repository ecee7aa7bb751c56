"""Samples of addresses of approvals and orders, beside those of `tests/access_samples.py`."""

from __future__ import annotations

from functools import partial

from agents.models import Approval
from forecastlab.accounts.models import User
from tests.access_samples import STREAM_SAMPLES, Sample, guarded_version, sample
from tests.agents.asking import ask, make_session, make_tool
from tests.agents.factories import tool
from tests.session_samples import SAMPLES as SAMPLES


def guarded_approval(alice: User) -> Approval:
    """What an agent asks for alice about a dataset that only the group `readers` may see."""
    session = make_session(alice, guarded_version().dataset.name)
    return ask(session, make_tool())


def guarded_notice(alice: User) -> Approval:
    """What an agent would tell people for alice, of which everything can be changed."""
    session = make_session(alice, guarded_version().dataset.name)
    return ask(session, tool("notify_people"), team="planning", subject="Sales", text="They fell.")


@sample(
    *("agents:approval", "agents:approval-card", "agents:approval-decide"),
    *("api:approval-read", "api:approval-decide"),
)
def an_approval(alice: User) -> Sample:
    approval = guarded_approval(alice)
    body = {"verdict": "reject", "version": approval.version, "digest": approval.digest}
    return Sample({"pk": approval.pk}, body=body)


@sample("agents:approval-change", "api:approval-change")
def an_approval_to_change(alice: User) -> Sample:
    approval = guarded_notice(alice)
    seen = {"version": approval.version, "digest": approval.digest}
    return Sample({"pk": approval.pk}, body={**seen, "arguments": {"text": "They rose."}})


@sample("api:approvals-decide")
def several_approvals(alice: User) -> Sample:
    one = guarded_approval(alice)
    seen = {"approval": one.pk, "version": one.version, "digest": one.digest}
    return Sample(body={"verdict": "reject", "approvals": [seen]}, guarded=False)


@sample("api:control-give")
def an_order_to_give(alice: User) -> Sample:
    return Sample(body={"order": "hold", "scope": f"dataset:{guarded_version().dataset.name}"})


for _prefix in ("approvals", "controls", "policies"):
    STREAM_SAMPLES[_prefix] = partial("{}.all".format, _prefix)
