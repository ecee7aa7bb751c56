"""What a bundle tells, checked and typed: the run, its rows, its events, and its workspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from showcase.domain import bundle_fields as fields
from showcase.domain import bundle_shapes as shapes
from showcase.domain import bundle_verdicts, bundles, strict_json
from showcase.domain.bundle_members import BundleRefused, Layout
from showcase.domain.bundle_shapes import Check

Json = dict[str, Any]
MOST_EVENTS, LONGEST_EVENTS = 20_000, 32 << 20


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

    _checked(bundles.METRICS, shapes.known({}), bundle_verdicts.read_json(layout, bundles.METRICS))
    words = shapes.list_of(shapes.one_of(bundles.OPTIONAL), most=len(bundles.OPTIONAL))
    return Story(
        workspace=part("workspace", fields.WORKSPACE),
        run=part("run", fields.RUN),
        lineage=part("lineage", fields.LINEAGE),
        slots=part("story", fields.STORY),
        config=_config(layout),
        steps=_steps(layout),
        dataset=part("dataset", shapes.optional(fields.DATASET)),
        contents=part("contents", words),
        key_id=key_id,
    )


def _config(layout: Layout) -> Json:
    told = bundle_verdicts.read_json(layout, bundles.CONFIG)
    config: Json = _checked(bundles.CONFIG, fields.CONFIG, told)
    if (config["simulate"] is None) != (config["scenario"] is None):
        raise _refused(bundles.CONFIG, "has 'scenario' without 'simulate', or the reverse")
    return config


def _steps(layout: Layout) -> list[Json]:
    rows = bundle_verdicts.read_json(layout, bundles.STEPS)
    check = shapes.list_of(fields.STEP, most=fields.MOST_STEPS)
    steps: list[Json] = _checked(bundles.STEPS, check, rows)
    for key in ("name", "index"):
        if len({one[key] for one in steps}) != len(steps):
            raise _refused(bundles.STEPS, f"names a row's {key} twice")
    return steps


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
        event = _checked(where, fields.EVENT, strict_json.loads(line, where))
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
    {
        *("version", "backtest", "model_runs", "issue", "same_as", "run", "runs", "job", "batch"),
        "session",
    }
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
    return (key in NUMBERED or key.endswith(("_id", "_ids"))) and _is_number(value)


def _is_number(value: Any) -> bool:
    """Say whether a value may be taken for the number of a row, or holds one that may."""
    if isinstance(value, list):
        return any(map(_is_number, value))
    if isinstance(value, str):
        return value.strip().strip("+-").replace("_", "").isdecimal()
    return isinstance(value, int | float)


def _inner(value: Any, here: Mapping[str, Mapping[int, int]]) -> Any:
    if isinstance(value, dict):
        return unlinked(value, here=here)
    if isinstance(value, list):
        return [_inner(one, here) for one in value]
    return value
