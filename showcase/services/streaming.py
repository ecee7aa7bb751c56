"""A run as Server-Sent Events: the frames that there are, then each one as it comes."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from forecastlab.accounts.services import tokens
from forecastlab.events.domain.frames import Frame
from forecastlab.events.services import access
from forecastlab.events.services.feeds import in_thread
from forecastlab.events.services.followers import Follower
from showcase.domain import step_events
from showcase.models import Run
from showcase.queries import step_events as queries

RETRY = "retry: 2000\n\n"
BEAT = ": beat\n\n"


def has_more(run: Run, after: int) -> bool:
    """Say whether a reader who has the events up to `after` has to hear of anything more."""
    return run.is_active or bool(queries.after(run, after))


def so_far(run: Run, after: int) -> str:
    """Return the frames that there are, for who cannot be kept on the line."""
    return RETRY + "".join(map(_spelled, queries.after(run, after)))


def follower(run: Run, after: int, *, session_key: str | None, secret: str) -> Follower:
    """Follow a run on behalf of whoever holds the token, or the session where none was sent."""
    by_session = partial(access.session_reading, session_key, run.stream)
    by_token = partial(_token_reading, secret, run.stream)
    return Follower(run.stream, by_token if secret else by_session, after)


def _token_reading(secret: str, stream: str) -> tuple[int | None, bool]:
    user = tokens.bearer(secret, at=timezone.now())
    return (None, False) if user is None else (user.pk, access.can_read(user, stream))


async def messages(run_id: int, follower: Follower) -> AsyncGenerator[str, None]:
    """Yield frame after frame, until the run has ended or its reader may not read on."""
    yield RETRY
    async with aclosing(follower.frames()) as heard:
        async for frame in heard:
            told, is_over = await in_thread(_told)(run_id, frame)
            yield told
            if is_over:
                return


def _told(run_id: int, frame: Frame) -> tuple[str, bool]:
    match frame["type"]:
        case "events":
            run = Run.objects.filter(pk=run_id).first()
            if run is None:
                return "", True
            told = queries.frames(run_id, frame["events"])
            is_over = not run.is_active and frame["events"][-1]["kind"] in step_events.ENDS
            return "".join(map(_spelled, told)), is_over
        case "refused":
            detail = _("You may not read this run any more.")
            return _spelled(step_events.refused(run_id, detail=detail, at=frame["at"])), True
        case _:
            return BEAT, False


def _spelled(frame: Mapping[str, Any]) -> str:
    number = f"id: {frame['seq']}\n" if frame["seq"] else ""
    return f"{number}data: {json.dumps(frame)}\n\n"
