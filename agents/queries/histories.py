"""All that was said and asked in a session, read at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from django.db.models import Prefetch, prefetch_related_objects

from agents.models import Invocation, Message, Session, Turn

# Calls of which it counts what people or policy answered: what was done or failed needs no answer.
ASKED = ("requested", "awaiting", "rejected")


class History:
    """The rows of a session, oldest first, as they stand when each is first asked for.

    What is undone and what a model is told both follow from them, so they are read once for both.
    """

    def __init__(self, session: Session) -> None:
        self.session = session

    @cached_property
    def turns(self) -> Sequence[Turn]:
        """Turns of all attempts, each with its calls, and what was answered where it counts."""
        numbered = Prefetch("invocations", Invocation.objects.order_by("number"))
        turns = Turn.objects.filter(attempt__session=self.session).select_related("attempt")
        found = list(turns.order_by("pk").prefetch_related(numbered))
        calls = [one for turn in found for one in turn.invocations.all()]
        asked = [one for one in calls if one.status in ASKED]
        prefetch_related_objects(asked, "approval__decisions")
        return found

    @cached_property
    def messages(self) -> Sequence[Message]:
        return list(self.session.messages.order_by("number"))

    @property
    def last_turn(self) -> Turn | None:
        return self.turns[-1] if self.turns else None

    @property
    def last_message(self) -> int:
        """The number of the last thing that people said, 0 where nobody said anything."""
        return self.messages[-1].number if self.messages else 0

    def asked(self, message: int) -> int:
        """Return how many turns answer a message."""
        return sum(one.after_message == message for one in self.turns)

    def calls(self) -> Sequence[Invocation]:
        """Return the calls of the last turn."""
        return list(self.last_turn.invocations.all()) if self.last_turn else []
