"""What is said between people, a model and tools: plain data for whoever answers next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call as the model proposes it; nothing of it is trusted yet."""

    id: str
    tool: str
    arguments: Any = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered: words, how sure it is (0 to 1, or unknown), and calls."""

    text: str
    calls: Sequence[Call] = ()
    confidence: float | None = None
    tokens_in: int = 0
    tokens_out: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said."""

    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """A call and what became of it; `status` is that of its invocation."""

    call: Call
    status: str
    data: Mapping[str, Any] = field(default_factory=dict)
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """An earlier turn of the model, with the results of its calls."""

    text: str
    results: Sequence[Result] = ()


@dataclass(frozen=True, slots=True)
class Conversation:
    """All that a model is told. `dataset` is `NAME@3` or empty; `instruction` is the skill's."""

    skill: str
    instruction: str
    dataset: str = ""
    workspace: str = ""
    entries: Sequence[Said | Answered] = ()

    @property
    def results(self) -> list[Result]:
        """All results since a person last said something, oldest first."""
        found: list[Result] = []
        for entry in self.entries:
            found = [] if isinstance(entry, Said) else [*found, *entry.results]
        return found

    @property
    def asked(self) -> str:
        """What a person said last."""
        said = [entry.text for entry in self.entries if isinstance(entry, Said)]
        return said[-1] if said else ""


class ChatModel(Protocol):
    """Answers a conversation. Raises ProviderError where somebody else's model does not."""

    @property
    def provider(self) -> str: ...

    @property
    def model(self) -> str: ...

    def reply(self, conversation: Conversation, tools: Sequence[Mapping[str, Any]]) -> Reply: ...
