"""What a bundle tells, checked and typed: the run, its rows, its events, and its workspace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from showcase.domain import bundle_shapes as shapes
from showcase.domain import bundle_verdicts, bundles, strict_json
from showcase.domain.bundle_members import BundleRefused, Layout
from showcase.domain.bundle_shapes import Check
from showcase.domain.pipeline import TABLES
from showcase.domain.workspaces import LONGEST_NOTES, LONGEST_TAG, MOST_TAGS

Json = dict[str, Any]
OVER = ("succeeded", "failed", "cancelled", "interrupted")
OUTCOMES = ("", "pass", "warn", "skip", "fail")
STATES = ("pending", "running", "waiting", "done")
MODES = ("", "exact", "fresh", "modified")
MOST_STEPS, MOST_EVENTS, MOST_ANCESTORS, MOST_TOLD = 300, 20_000, 200, 10_000
LONGEST_EVENTS = 32 << 20
LONGEST_DETAIL = 20_000
NAME = shapes.matching("[a-z0-9][a-z0-9_-]{0,99}", "a name of a workspace")
FREQUENCIES = ("H", "D", "W", "M", "Q", "Y")

_WORKSPACE = shapes.fields(
    {
        "key": shapes.HEX_KEY,
        "name": NAME,
        "notes": shapes.text(LONGEST_NOTES),
        "tags": shapes.list_of(shapes.text(LONGEST_TAG), most=MOST_TAGS),
        "config_schema_version": shapes.whole(shapes.SMALL),
        "created_by": shapes.optional(shapes.text(150)),
        "created_at": shapes.moment,
        "reproduction": shapes.optional(shapes.mapping),
    }
)
_RUN = shapes.fields(
    {
        "id": shapes.whole(),
        "name": shapes.text(100),
        "scenario": shapes.text(40),
        "status": shapes.one_of(OVER),
        "config_hash": shapes.HASH,
        "content_hash": shapes.HASH,
        "created_at": shapes.moment,
        "started_at": shapes.optional(shapes.moment),
        "finished_at": shapes.optional(shapes.moment),
        "seconds": shapes.optional(shapes.number),
        "winner": shapes.text(60),
        "winner_wape": shapes.optional(shapes.number),
        "warnings": shapes.whole(shapes.SMALL),
        "failed_step": shapes.optional(shapes.whole(shapes.SMALL)),
        "result": shapes.mapping,
        "frame": shapes.mapping,
        "frame_hash": shapes.HASH,
    }
)
_DATASET = shapes.fields(
    {
        "name": shapes.text(100),
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
_LINEAGE = shapes.fields(
    {
        "replayed_from": shapes.matching("([0-9a-f]{32})?", "a key"),
        "replay_mode": shapes.one_of(MODES),
        "family": shapes.HEX_KEY,
        "ancestors": shapes.list_of(
            shapes.fields({"key": shapes.HEX_KEY, "name": shapes.text(100)}), most=MOST_ANCESTORS
        ),
    }
)
_TOLD = shapes.optional(shapes.list_of(shapes.mapping, most=MOST_TOLD))
_STORY = shapes.fields(
    {
        "seed_overrides": shapes.optional(shapes.mapping),
        "user_scope": shapes.optional(shapes.mapping),
        "approval_events": _TOLD,
        "knowledge_events": _TOLD,
        "job_ids": shapes.optional(shapes.list_of(shapes.text(40), most=MOST_TOLD)),
        "phase_summaries": shapes.optional(
            shapes.list_of(
                shapes.fields(
                    {
                        "phase_name": shapes.text(40),
                        "status": shapes.text(20),
                        "steps": shapes.whole(),
                        "duration_ms": shapes.optional(shapes.whole()),
                    }
                ),
                most=MOST_STEPS,
            )
        ),
    }
)
_STEP = shapes.fields(
    {
        "index": shapes.whole(shapes.SMALL),
        "name": shapes.text(60),
        "phase": shapes.text(40),
        "title": shapes.text(120),
        "contributed_by": shapes.text(40),
        "status": shapes.one_of(STATES),
        "outcome": shapes.one_of(OUTCOMES),
        "detail": shapes.text(LONGEST_DETAIL),
        "data": shapes.mapping,
        "started_at": shapes.optional(shapes.moment),
        "finished_at": shapes.optional(shapes.moment),
        "seconds": shapes.optional(shapes.number),
    }
)
# What pages read of a config; the rest is kept as it is.
_CONFIG = shapes.fields(
    {
        "name": shapes.text(100),
        "dataset": shapes.text(100),
        "scenario": shapes.optional(shapes.text(40)),
        "seed": shapes.whole(2**31 - 1),
        "as_of": shapes.text(10),
        "simulate": shapes.optional(shapes.mapping),
        "horizon": shapes.whole(shapes.SMALL),
        "folds": shapes.whole(shapes.SMALL),
        "step": shapes.whole(shapes.SMALL),
        "gap": shapes.whole(shapes.SMALL),
        "metric": shapes.text(20),
        "models": shapes.list_of(shapes.text(60), most=100),
        "table": shapes.one_of(TABLES),
        "focus": shapes.optional(shapes.text(300)),
        "keep_going": shapes.flag,
    }
)
_EVENT = shapes.fields(
    {
        "seq": shapes.whole(),
        "kind": shapes.matching("[a-z_]+(\\.[a-z_]+)+", "a kind of event"),
        "payload": shapes.mapping,
        "actor": shapes.optional(shapes.text(150)),
        "at": shapes.moment,
    }
)


@dataclass(frozen=True, slots=True)
class Story:
    """A bundle's run and workspace, as another installation wrote them down."""

    workspace: Json
    run: Json
    lineage: Json
    slots: Json
    config: Json
    steps: list[Json]
    dataset: Json | None
    contents: list[str] = field(default_factory=list)
    key_id: str = ""

    @property
    def name(self) -> str:
        return str(self.workspace["name"])

    @property
    def has_sales(self) -> bool:
        return self.dataset is not None and bundles.DATASET in self.contents


def of(layout: Layout, manifest: Mapping[str, Any], *, key_id: str) -> Story:
    """Return what a bundle tells; raises BundleRefused for what is no story of a run."""

    def part(name: str, check: Check) -> Any:
        return _checked(bundles.MANIFEST, shapes.fields({name: check}), manifest)[name]

    config = bundle_verdicts.read_json(layout, bundles.CONFIG)
    _checked(bundles.CONFIG, _CONFIG, config)
    rows = bundle_verdicts.read_json(layout, bundles.STEPS)
    steps = _checked(bundles.STEPS, shapes.list_of(_STEP, most=MOST_STEPS), rows)
    for key in ("name", "index"):
        if len({one[key] for one in steps}) != len(steps):
            raise _refused(bundles.STEPS, f"names a row's {key} twice")
    words = shapes.list_of(shapes.one_of(bundles.OPTIONAL), most=len(bundles.OPTIONAL))
    return Story(
        workspace=part("workspace", _WORKSPACE),
        run=part("run", _RUN),
        lineage=part("lineage", _LINEAGE),
        slots=part("story", _STORY),
        config=config,
        steps=steps,
        dataset=part("dataset", shapes.optional(_DATASET)),
        contents=part("contents", words),
        key_id=key_id,
    )


def events(layout: Layout) -> Iterator[Json]:
    """Yield the events of the run, oldest first; raises BundleRefused."""
    content = layout.read(bundles.EVENTS, most=LONGEST_EVENTS)
    lines = content.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    if len(lines) > MOST_EVENTS:
        raise _refused(bundles.EVENTS, f"holds more than {MOST_EVENTS:,} events")
    last = 0
    for number, line in enumerate(lines, start=1):
        where = f"{bundles.EVENTS}, line {number},"
        event = _checked(where, _EVENT, strict_json.loads(line, where))
        if event["seq"] <= last or len(event["kind"]) > 60:
            raise _refused(where, "is not the next event")
        last = event["seq"]
        yield event


def check_events(layout: Layout) -> int:
    """Return how many events there are; raises BundleRefused."""
    return sum(1 for _event in events(layout))


def _checked(file: str, check: Check, value: Any) -> Any:
    try:
        return check(value)
    except ValueError as error:
        raise _refused(file, f"cannot be used: {error}") from None


def _refused(file: str, what: str) -> BundleRefused:
    return BundleRefused("story_unusable", f"{file} {what}.", entry=file.partition(",")[0])


# -- references to what is not here --------------------------------------------------------------

# Keys of a step's data that name objects by their number, beside all that end in `_id`.
NUMBERED = frozenset(
    {"version", "backtest", "model_runs", "issue", "same_as", "run", "runs", "job", "batch"}
)
# Keys that name bytes of a store, or let a later run take a result over.
STORED = frozenset(
    {"temporary", "lasting", "evidence", "artefact", "artifact", "content_key", "reuse"}
)
ELSEWHERE = "elsewhere"


def away(number: int | str) -> str:
    """Return how an object of another installation is referred to: never like one of ours."""
    return f"{number} ({ELSEWHERE})"


def unlinked(data: Mapping[str, Any], *, here: Mapping[str, Mapping[int, int]]) -> Json:
    """Return a step's data with numbers of objects that are here, and without all others.

    `here` maps numbers from there to ours, by key. What was left out stands under `elsewhere`.
    """
    kept: Json = {}
    gone: Json = {}
    for key, value in data.items():
        known = here.get(key, {})
        if isinstance(value, int) and value in known:
            kept[key] = known[value]
        elif _names_objects(key, value):
            gone[key] = value
        else:
            kept[key] = _inner(value, here)
    return {**kept, ELSEWHERE: gone} if gone else kept


def _names_objects(key: str, value: Any) -> bool:
    if key in STORED:
        return True
    if key not in NUMBERED and not key.endswith(("_id", "_ids")):
        return False
    named: Iterable[Any] = value if isinstance(value, list) else [value]
    return any(_is_number(one) for one in named)


def _is_number(value: Any) -> bool:
    """Say whether a value may be taken for the number of a row."""
    return type(value) is int or (isinstance(value, str) and value.isdecimal())


def _inner(value: Any, here: Mapping[str, Mapping[int, int]]) -> Any:
    if isinstance(value, dict):
        return unlinked(value, here=here)
    if isinstance(value, list):
        return [_inner(one, here) for one in value]
    return value
