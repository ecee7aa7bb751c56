"""Chat models behind the two forms of HTTP that most providers speak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.utils.translation import gettext as _
from pydantic import BaseModel, ValidationError

from agents.domain import chat_messages
from agents.domain.conversation import Call, Conversation, Reply
from forecastlab.lib import texts
from forecastlab.lib.providers.errors import Rejected
from forecastlab.lib.providers.http import Endpoint

Answer = TypeVar("Answer", bound=BaseModel)
# What a column of the turn holds.
MOST_TOKENS = 2**31 - 1


class _Function(BaseModel):
    name: str
    arguments: Any = None


class _Call(BaseModel):
    id: str = ""
    function: _Function


class _Message(BaseModel):
    content: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(BaseModel):
    message: _Message


class _Usage(BaseModel):
    prompt_tokens: int | None = 0
    completion_tokens: int | None = 0


class _OpenAIAnswer(BaseModel):
    choices: list[_Choice]
    usage: _Usage | None = None


class _OllamaAnswer(BaseModel):
    message: _Message
    prompt_eval_count: int | None = 0
    eval_count: int | None = 0


@dataclass(frozen=True, slots=True)
class OpenAIChat:
    """`POST {url}/chat/completions` as OpenAI defines it, and many others do."""

    endpoint: Endpoint
    url: str
    model: str
    provider: str = "openai"

    def reply(self, conversation: Conversation, tools: Sequence[Mapping[str, Any]]) -> Reply:
        body = {
            "model": self.model,
            "messages": chat_messages.messages(conversation, as_text=True),
            "tools": chat_messages.functions(tools),
            "temperature": 0,
        }
        answer = _read(_OpenAIAnswer, self.endpoint.post(f"{self.url}/chat/completions", body))
        if not answer.choices:
            raise Rejected(_("The provider's answer holds no message."))
        usage = answer.usage or _Usage()
        return _reply(
            answer.choices[0].message,
            tokens_in=usage.prompt_tokens,
            tokens_out=usage.completion_tokens,
        )


@dataclass(frozen=True, slots=True)
class OllamaChat:
    """`POST {url}/api/chat` as Ollama defines it."""

    endpoint: Endpoint
    url: str
    model: str
    provider: str = "ollama"

    def reply(self, conversation: Conversation, tools: Sequence[Mapping[str, Any]]) -> Reply:
        body = {
            "model": self.model,
            "messages": chat_messages.messages(conversation, as_text=False),
            "tools": chat_messages.functions(tools),
            "stream": False,
            "options": {"temperature": 0},
        }
        answer = _read(_OllamaAnswer, self.endpoint.post(f"{self.url}/api/chat", body))
        return _reply(
            answer.message, tokens_in=answer.prompt_eval_count, tokens_out=answer.eval_count
        )


def _reply(message: _Message, *, tokens_in: int | None, tokens_out: int | None) -> Reply:
    """Return what a provider answered as rows can keep it."""
    calls = [
        Call(
            texts.kept(one.id),
            texts.kept(one.function.name),
            chat_messages.arguments(one.function.arguments),
        )
        for one in message.tool_calls or []
    ]
    words = texts.kept(message.content or "")
    return Reply(words, calls, tokens_in=_tokens(tokens_in), tokens_out=_tokens(tokens_out))


def _tokens(told: int | None) -> int:
    return min(max(told or 0, 0), MOST_TOKENS)


def _read(kind: type[Answer], found: Any) -> Answer:
    try:
        return kind.model_validate(found)
    except ValidationError:
        raise Rejected(_("The provider's answer is not one of a chat.")) from None
