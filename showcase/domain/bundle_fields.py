"""What each part of a bundle's story looks like: every slot that a page, a list or a replay reads.

What no page reads is kept as it is, as long as it can be stored.
"""

from __future__ import annotations

from typing import Any

from forecastlab.forecasting.domain.defaults import POLICIES
from forecastlab.lib.errors import BadInput
from forecastlab.warehouse.domain.simulator import config as simulator
from showcase.domain import bundle_shapes as shapes
from showcase.domain import config, workspaces
from showcase.domain.pipeline import TABLES
from showcase.domain.workspaces import LONGEST_NOTES

OVER = ("succeeded", "failed", "cancelled", "interrupted")
OUTCOMES = ("", "pass", "warn", "skip", "fail")
STATES = ("pending", "running", "waiting", "done")
MODES = ("", "exact", "fresh", "modified")
MOST_STEPS, MOST_ANCESTORS, MOST_TOLD = 300, 200, 10_000
LONGEST_DETAIL = 20_000
FREQUENCIES = ("H", "D", "W", "M", "Q", "Y")
_NAME = shapes.matching("[a-z0-9][a-z0-9_-]{0,99}", "a name of a workspace")
_NAME_OR_NONE = shapes.matching("([a-z0-9][a-z0-9_-]{0,99})?", "a name of a workspace, or none")
_SLUG = shapes.matching("[a-z0-9_-]{1,60}", "a name of small letters, digits, '-' and '_'")
_PHASE = shapes.matching("[a-z0-9_-]{1,40}", "a phase")
_MODEL = shapes.word(60)


# -- the workspace and its run -------------------------------------------------------------------


def _tags(value: Any) -> list[str]:
    try:
        return workspaces.tags(value)
    except BadInput as error:
        raise ValueError(f"cannot be used: {error.detail}") from None


_DIFFERENCE = shapes.fields(
    {"what": shapes.text(LONGEST_DETAIL), "expected": shapes.plain, "actual": shapes.plain}
)
_REPRODUCTION = shapes.known(
    {
        "reproduced": shapes.optional(shapes.flag),
        "differences": shapes.list_of(_DIFFERENCE, most=MOST_TOLD),
        "checked_at": shapes.optional(shapes.word(40)),
    },
    needed=("reproduced", "differences"),
)
WORKSPACE = shapes.fields(
    {
        "key": shapes.HEX_KEY,
        "name": _NAME,
        "notes": shapes.text(LONGEST_NOTES),
        "tags": _tags,
        "config_schema_version": shapes.whole(shapes.SMALL),
        "created_by": shapes.optional(shapes.word(150)),
        "created_at": shapes.moment,
        "reproduction": shapes.optional(_REPRODUCTION),
    }
)
_WINNER = shapes.fields(
    {"model": _MODEL, "metric": shapes.word(20), "value": shapes.optional(shapes.number)}
)
_RESULT = shapes.known(
    {
        "winner": shapes.optional(_WINNER),
        "seconds": shapes.optional(shapes.seconds),
        "gone": shapes.text(LONGEST_DETAIL),
    }
)
RUN = shapes.fields(
    {
        "id": shapes.whole(),
        "name": shapes.word(100),
        "scenario": shapes.matching("[a-z0-9_]{0,40}", "a scenario"),
        "status": shapes.one_of(OVER),
        "config_hash": shapes.HASH,
        "content_hash": shapes.HASH,
        "created_at": shapes.moment,
        "started_at": shapes.optional(shapes.moment),
        "finished_at": shapes.optional(shapes.moment),
        "seconds": shapes.optional(shapes.seconds),
        "winner": shapes.word(60),
        "winner_wape": shapes.optional(shapes.number),
        "warnings": shapes.whole(shapes.SMALL),
        "failed_step": shapes.optional(shapes.whole(shapes.SMALL)),
        "result": _RESULT,
        "frame": shapes.known({}),
        "frame_hash": shapes.HASH,
    }
)
DATASET = shapes.fields(
    {
        "name": shapes.word(100),
        "version": shapes.whole(),
        "content_hash": shapes.HASH,
        "rows": shapes.whole(),
        "series": shapes.whole(),
        "periods": shapes.whole(2**31 - 1),
        "first": shapes.text(40),
        "last": shapes.text(40),
        "frequency": shapes.one_of(FREQUENCIES),
        "epoch": shapes.optional(shapes.moment),
        "month_day": shapes.whole(31),
        "signals": shapes.list_of(
            shapes.fields({"name": shapes.text(200), "known": shapes.flag}), most=1000
        ),
    }
)
LINEAGE = shapes.fields(
    {
        "replayed_from": shapes.matching("([0-9a-f]{32})?", "a key"),
        "replay_mode": shapes.one_of(MODES),
        "family": shapes.HEX_KEY,
        "ancestors": shapes.list_of(
            shapes.fields({"key": shapes.HEX_KEY, "name": _NAME_OR_NONE}), most=MOST_ANCESTORS
        ),
    }
)

# -- the slots of the story ----------------------------------------------------------------------

_SCALARS = shapes.optional(shapes.values(shapes.scalar, most=100))
_LINE = shapes.optional(shapes.text(LONGEST_DETAIL))
_APPROVALS = shapes.list_of(
    shapes.known({"decision": _LINE, "tool_name": _LINE, "reason": _LINE, "decided_by": _LINE}),
    most=MOST_TOLD,
)
_CITATIONS = shapes.list_of(shapes.known({"title": _LINE, "url": _LINE}), most=MOST_TOLD)
_KNOWLEDGE = shapes.list_of(
    shapes.known(
        {
            "event": _LINE,
            "status": _LINE,
            "detail": _LINE,
            "citations": shapes.optional(_CITATIONS),
        }
    ),
    most=MOST_TOLD,
)
_PHASES = shapes.list_of(
    shapes.fields(
        {
            "phase_name": _PHASE,
            "status": shapes.word(20),
            "steps": shapes.whole(shapes.SMALL),
            "duration_ms": shapes.optional(shapes.whole(10**12)),
        }
    ),
    most=MOST_STEPS,
)
STORY = shapes.fields(
    {
        "seed_overrides": _SCALARS,
        "user_scope": _SCALARS,
        "approval_events": shapes.optional(_APPROVALS),
        "knowledge_events": shapes.optional(_KNOWLEDGE),
        "job_ids": shapes.optional(shapes.list_of(shapes.word(40), most=MOST_TOLD)),
        "phase_summaries": shapes.optional(_PHASES),
    }
)


# -- steps, config and events --------------------------------------------------------------------

_COUNT = shapes.optional(shapes.whole())
_COUNTS = shapes.optional(shapes.values(_COUNT, most=100))
_WHY = shapes.optional(
    shapes.list_of(
        shapes.known({"model": _MODEL, "reason": shapes.text(2000)}, needed=("model", "reason")),
        most=MOST_STEPS,
    )
)
_SCORES = shapes.optional(shapes.values(shapes.values(shapes.plain, most=200), most=MOST_STEPS))
# What a step found has a shape of its own; this is what pages count on whatever the step.
_DATA = shapes.known(
    {
        **dict.fromkeys(
            (
                *("series", "series_judged", "series_skipped", "series_forecast"),
                *("series_without_forecast", "completed_items", "failed_items", "total_items"),
            ),
            _COUNT,
        ),
        **dict.fromkeys(("records_created", "records_deleted"), _COUNTS),
        "per_model": _SCORES,
        "trained": shapes.optional(shapes.list_of(_MODEL, most=MOST_STEPS)),
        "unavailable": _WHY,
        "left_out": _WHY,
        "winner": shapes.optional(_MODEL),
        "metric": shapes.optional(shapes.word(20)),
        "winner_wape": shapes.optional(shapes.number),
        "alias": shapes.optional(shapes.word(140)),
        # What a replay is held against.
        "sales_sha256": shapes.HASH,
        "software": shapes.values(shapes.scalar, most=100),
    }
)
STEP = shapes.fields(
    {
        "index": shapes.whole(shapes.SMALL),
        "name": _SLUG,
        "phase": _PHASE,
        "title": shapes.word(120),
        "contributed_by": shapes.word(40),
        "status": shapes.one_of(STATES),
        "outcome": shapes.one_of(OUTCOMES),
        "detail": shapes.text(LONGEST_DETAIL),
        "data": _DATA,
        "started_at": shapes.optional(shapes.moment),
        "finished_at": shapes.optional(shapes.moment),
        "seconds": shapes.optional(shapes.seconds),
    }
)


def _simulate(value: Any) -> dict[str, Any]:
    """Return what the simulator froze; whether it may be drawn here is asked of a replay."""
    given: dict[str, Any] = shapes.values(shapes.plain, most=100)(value)
    try:
        simulator.from_json(given).turned()
    except BadInput as error:
        raise ValueError(f"cannot be drawn: {error.detail}") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        raise ValueError("is not what the simulator freezes") from None
    return given


CONFIG = shapes.known(
    {
        "name": shapes.word(100),
        "dataset": shapes.word(100),
        "version": shapes.optional(shapes.whole()),
        "scenario": shapes.optional(shapes.word(40)),
        "seed": shapes.whole(2**31 - 1),
        "as_of": shapes.day,
        "simulate": shapes.optional(_simulate),
        **dict.fromkeys(("horizon", "folds", "step", "gap"), shapes.whole(shapes.SMALL)),
        "window": shapes.whole(config.MOST_PERIODS),
        "metric": shapes.one_of(config.METRICS),
        "models": shapes.list_of(_MODEL, most=100),
        "policy": shapes.one_of(POLICIES),
        "table": shapes.one_of(TABLES),
        "focus": shapes.optional(shapes.word(config.LONGEST_SERIES)),
        **dict.fromkeys(("keep_going", "reuse", "reset"), shapes.flag),
        "renamed": shapes.values(shapes.word(60), most=100),
        "approval_patience_s": shapes.whole(config.LONGEST_PATIENCE),
        **{name: shapes.whole(most) for name, most in config.LONGEST_TIMES.items()},
    },
    needed=(
        *("name", "dataset", "scenario", "seed", "as_of", "simulate", "horizon", "folds", "step"),
        *("gap", "metric", "models", "table", "focus", "keep_going"),
    ),
)
EVENT = shapes.fields(
    {
        "seq": shapes.whole(),
        "kind": shapes.matching("[a-z_]+(\\.[a-z_]+)+", "a kind of event"),
        "payload": shapes.known({}),
        "actor": shapes.optional(shapes.word(150)),
        "at": shapes.moment,
    }
)
