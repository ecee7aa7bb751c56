"""What a run came to, so that a replay of it can be held against it.

Compared are the sales, the config, how the rows ended, and what their data says of forecasts and
metrics, to the last digit. Durations, numbers of rows and what people answered are not evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from showcase.domain.config import LABELS

Json = Mapping[str, Any]

# Keys of data, at any depth, that tell how long something took or which number its row got; or,
# of an imported run, which one it had there.
PASSING = ("seconds", "run_id", "elsewhere")
SOFTWARE = "software"
MOST = 200
_NOTHING = object()


@dataclass(frozen=True, slots=True)
class Row:
    """What a row of the pipeline declares: the keys that are evidence, whether it ends the same."""

    evidence: Sequence[str] = ()
    repeats: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    outcome: str
    data: Json


@dataclass(frozen=True, slots=True)
class Evidence:
    """`results` are by step and key, `outcomes` by step; a hash is empty where there is none."""

    content_hash: str
    config_hash: str
    outcomes: Json = field(default_factory=dict)
    results: Json = field(default_factory=dict)
    software: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """`what` is a path such as `backtest.per_model.naive.wape`; what is missing is None."""

    what: str
    expected: Any
    actual: Any

    def as_json(self) -> dict[str, Any]:
        return {"what": self.what, "expected": self.expected, "actual": self.actual}


def gathered(
    steps: Iterable[Step], rows: Mapping[str, Row], *, content_hash: str, config_hash: str
) -> Evidence:
    """Gather what the steps of a run say; a row that nobody contributes any more says nothing.

    Sales that were counted anew stand instead of the hash that was stored with them.
    """
    told = list(steps)
    software: dict[str, Any] = {}
    results: dict[str, Json] = {}
    for step in told:
        keys = rows[step.name].evidence if step.name in rows else ()
        results[step.name] = {key: _lasting(step.data[key]) for key in keys if key in step.data}
        software |= step.data.get(SOFTWARE, {})
        content_hash = step.data.get("sales_sha256", content_hash)
    outcomes = {one.name: one.outcome for one in told if rows.get(one.name, Row()).repeats}
    return Evidence(content_hash, config_hash, outcomes, results, software)


def proves(found: Evidence) -> bool:
    """Say whether there is anything in it that a replay can bring again."""
    return any(found.results.values())


def differences(source: Evidence, replay: Evidence) -> list[Difference]:
    """Return all in which a replay differs from its source, the software last.

    Where the source says nothing of a result, because it was run by an earlier version of the
    product, there is nothing to differ from.
    """
    hashes = [
        Difference(name, expected or None, actual or None)
        for name, expected, actual in (
            ("content_hash", source.content_hash, replay.content_hash),
            ("config_hash", source.config_hash, replay.config_hash),
        )
        if expected != actual
    ]
    kept = {
        name: {key: one for key, one in replay.results.get(name, {}).items() if key in told}
        for name, told in source.results.items()
    }
    return [
        *hashes,
        *_compared("steps", source.outcomes, replay.outcomes),
        *(
            one
            for name, told in source.results.items()
            for one in _compared(name, told, kept[name])
        ),
        *(_compared(SOFTWARE, source.software, replay.software) if source.software else ()),
    ]


def of_inputs(source: Json, replay: Json) -> list[Difference]:
    """Return the options in which two frozen configs differ, by name."""
    mine, other = (
        {key: value for key, value in config.items() if key not in LABELS}
        for config in (source, replay)
    )
    return list(_compared("config", mine, other))


def verdict(found: Sequence[Difference], *, proven: bool) -> bool | None:
    """Say whether the results are those of the source; None where that cannot be told.

    Other software is named, but it is the numbers that count.
    """
    if any(not one.what.startswith(f"{SOFTWARE}.") for one in found):
        return False
    return True if proven else None


def shown(found: Sequence[Difference]) -> list[dict[str, Any]]:
    """Return the first differences as JSON, and how many more there are."""
    told = [one.as_json() for one in found[:MOST]]
    more = len(found) - MOST
    return [*told, Difference("more", None, more).as_json()] if more > 0 else told


def _lasting(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _lasting(one) for key, one in value.items() if key not in PASSING}
    if isinstance(value, list | tuple):
        return [_lasting(one) for one in value]
    return value


def _compared(path: str, expected: Any, actual: Any) -> Iterator[Difference]:
    """Yield where two values differ: mappings key by key, anything else as a whole."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for key in dict.fromkeys([*expected, *actual]):
            one, other = expected.get(key, _NOTHING), actual.get(key, _NOTHING)
            yield from _compared(f"{path}.{key}", one, other)
    elif expected != actual:
        yield Difference(path, *(None if one is _NOTHING else one for one in (expected, actual)))
