"""A conversation as language models read it, and their answers as we do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from agents.domain.conversation import Answered, Call, Conversation, Result, Said

LONGEST_RESULT = 12_000


def messages(conversation: Conversation, *, as_text: bool) -> list[dict[str, Any]]:
    """Return messages of the roles system, user, assistant and tool, oldest first.

    `as_text`: arguments of calls are JSON texts (as OpenAI wants them), else objects.
    """
    about = f"Dataset of this session: {conversation.dataset or 'none'}."
    told = [{"role": "system", "content": f"{conversation.instruction}\n\n{about}"}]
    for entry in conversation.entries:
        match entry:
            case Said():
                told.append({"role": "user", "content": entry.text})
            case Answered():
                told += _turn(entry, as_text=as_text)
    return told


def _turn(entry: Answered, *, as_text: bool) -> list[dict[str, Any]]:
    turn: dict[str, Any] = {"role": "assistant", "content": entry.text}
    if entry.results:
        turn["tool_calls"] = [_call(one.call, as_text=as_text) for one in entry.results]
    return [turn, *[_result(one) for one in entry.results]]


def _call(call: Call, *, as_text: bool) -> dict[str, Any]:
    arguments = json.dumps(call.arguments) if as_text else call.arguments
    function = {"name": call.tool, "arguments": arguments}
    return {"id": call.id, "type": "function", "function": function}


def _result(one: Result) -> dict[str, Any]:
    told = json.dumps({"status": one.status, "detail": one.detail, "data": one.data}, default=str)
    if len(told) > LONGEST_RESULT:
        told = f"{told[:LONGEST_RESULT]}… (cut off)"
    name = {"tool_call_id": one.call.id, "name": one.call.tool}
    return {"role": "tool", "content": told, **name}


def functions(tools: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": "function", "function": dict(one)} for one in tools]


def arguments(given: object) -> Any:
    """Return the arguments of a call; what is no JSON is left for the tool to refuse."""
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given or "{}")
    except (ValueError, RecursionError):
        return given
