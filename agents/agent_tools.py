"""How agents end their work, and tell people of it: what was found, done, or is handed over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from django.utils.translation import gettext as _
from pydantic import Field

from agents.queries import rosters
from agents.services import notices
from forecastlab.accounts.services.access import requester
from forecastlab.lib.contributions import Exposure, Outcome, ToolContext, ToolResult
from forecastlab.lib.tools import Arguments, agent_tool, mark, told

VERB, MOST_NAMED = "agent.start", 20
Confidence = Annotated[float, Field(ge=0, le=1, description="How sure you are, from 0 to 1.")]
Sentence = Annotated[str, Field(min_length=1, max_length=500)]


class Hypothesis(Arguments):
    hypotheses: list[Sentence] = Field(
        min_length=1, max_length=10, description="What may be the case, the likeliest first."
    )
    confidence: Confidence
    confidence_rationale: str = Field(
        min_length=1, max_length=1_000, description="What the confidence rests on."
    )
    findings_for: str = Field(
        "", max_length=60, description="Whom the finding is for, where somebody goes on from it."
    )


class Resolved(Arguments):
    resolution_summary: str = Field(
        min_length=1, max_length=2_000, description="What was found and done, for people to read."
    )
    confidence: Confidence
    confidence_rationale: str = Field(
        min_length=1, max_length=1_000, description="What the confidence rests on."
    )


class Escalated(Arguments):
    team: str = Field(min_length=1, max_length=60, description="Which team takes it over.")
    reason: str = Field(min_length=1, max_length=2_000, description="Why people have to look.")
    confidence: Confidence
    confidence_rationale: str = Field(
        min_length=1, max_length=1_000, description="What the confidence rests on."
    )


class Notified(Arguments):
    team: str = Field(min_length=1, max_length=60, description="Which team is told.")
    subject: str = Field(min_length=1, max_length=200, description="What it is about.")
    text: str = Field(min_length=1, max_length=4_000, description="What they are to know.")


def _recipients(_context: ToolContext, asked: Notified) -> Exposure:
    return Exposure(len(notices.recipients(asked.team)), "people")


def _recipients_seen(_context: ToolContext, asked: Notified) -> str:
    return mark(*sorted(one.pk for one in notices.recipients(asked.team)))


def _notice_title(asked: Notified) -> str:
    return _("Tell the team %(team)s: %(subject)s") % {"team": asked.team, "subject": asked.subject}


def _notice_preview(_context: ToolContext, asked: Notified) -> Sequence[tuple[str, str]]:
    named = ", ".join(one.username for one in notices.recipients(asked.team)[:MOST_NAMED])
    return [(_("To"), named or _("nobody")), (_("Subject"), asked.subject), (_("Text"), asked.text)]


@agent_tool(
    "notify_people",
    arguments=Notified,
    verb=VERB,
    base_score=70,
    reversible=False,
    auto_threshold=80,
    inline_threshold=50,
    exposure=_recipients,
    seen=_recipients_seen,
    title=_notice_title,
    preview=_notice_preview,
    confirm_phrase=lambda _context, asked: asked.team,
)
def notify_people(context: ToolContext, asked: Notified) -> ToolResult:
    """Tell a team of people something: on their page, and by e-mail where that is set up."""
    by = requester(context, VERB)
    made = notices.send(context, **asked.model_dump(), by=by)
    count = made.recipients.count()
    data = {"notice": made.pk, "people": count, "mailed": made.mailed}
    return told(data, _("%(count)s people of %(team)s") % {"count": count, "team": made.team})


@agent_tool("submit_hypothesis", arguments=Hypothesis, verb=VERB, has_effect=False)
def submit_hypothesis(context: ToolContext, asked: Hypothesis) -> ToolResult:
    """Keep what you think is the case, with how sure you are. It does not end the work."""
    requester(context, VERB)
    found = asked.model_dump()
    outcome = Outcome("", asked.confidence_rationale, asked.confidence, found)
    return ToolResult(found, asked.hypotheses[0], outcome)


@agent_tool("mark_resolved", arguments=Resolved, verb=VERB, has_effect=False, terminal=True)
def mark_resolved(context: ToolContext, asked: Resolved) -> ToolResult:
    """End the work: what was asked for is found or done."""
    requester(context, VERB)
    given = asked.model_dump()
    outcome = Outcome("resolved", asked.resolution_summary, asked.confidence, given)
    return ToolResult(given, asked.resolution_summary, outcome)


@agent_tool("mark_escalated", arguments=Escalated, verb=VERB, has_effect=False, terminal=True)
def mark_escalated(context: ToolContext, asked: Escalated) -> ToolResult:
    """End the work by handing it to a team of people, who are on the roster."""
    requester(context, VERB)
    rosters.check_team(asked.team)
    given = asked.model_dump()
    outcome = Outcome("escalated", asked.reason, asked.confidence, given)
    return ToolResult(given, f"{asked.team}: {asked.reason}", outcome)
