"""What the figures of a version mean for forecasting it: findings, and one verdict over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from forecastlab.warehouse.domain.profiles import SEASONS

# Shares of rows, of periods or of series from which on a finding limits what forecasts can say.
MANY_ROWS, MANY_STOCKOUTS, MANY_ZEROS, MANY_SERIES, MOST_SERIES = 0.01, 0.05, 0.2, 0.1, 0.5
# Strength of a season (domain/profiles.py) from which on it is worth a word.
STRONG_SEASON = 0.64
FEWEST_SEASONS = 2


class Verdict(StrEnum):
    READY = "ready"
    LIMITED = "limited"
    TOO_SHORT = "too_short"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know: `count` and `share` are its size.

    `tone` is ok, accent for what is neither well nor a limit, warn or bad.
    """

    code: str
    tone: str
    count: int = 0
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large a version is; `columns` are the names of what its rows hold."""

    frequency: str
    periods: int
    rows: int
    series: int
    columns: frozenset[str]

    @property
    def season(self) -> int:
        return next(iter(SEASONS[self.frequency]), 1)


def of(profile: Mapping[str, Any], sizes: Sizes) -> Verdict:
    """Return the verdict: the worst of the findings decides."""
    tones = {one.tone for one in findings(profile, sizes)}
    if "bad" in tones:
        return Verdict.TOO_SHORT
    return Verdict.LIMITED if "warn" in tones else Verdict.READY


def findings(profile: Mapping[str, Any], sizes: Sizes) -> list[Finding]:
    """Return what there is to know of a version's profile, worst first."""
    found = [*_history(profile, sizes), *_holes(profile, sizes), *_sales(profile, sizes)]
    order = {"bad": 0, "warn": 1, "accent": 2, "ok": 3}
    return sorted(found, key=lambda one: order[one.tone])


def _history(profile: Mapping[str, Any], sizes: Sizes) -> Iterator[Finding]:
    seasons = sizes.periods / sizes.season
    if seasons < FEWEST_SEASONS:
        yield Finding("short", "bad", sizes.periods, seasons)
    else:
        for one in _of_series("short_series", profile, sizes):
            yield replace(one, tone="accent" if one.tone == "ok" else one.tone)


def _holes(profile: Mapping[str, Any], sizes: Sizes) -> Iterator[Finding]:
    gaps = profile.get("gaps") or 0
    if gaps:
        yield _graded("gaps", gaps, sizes.rows + gaps, MANY_ROWS)
    unknown = profile.get("unknown") or 0
    if unknown:
        yield _graded("unknown", unknown, sizes.rows, MANY_ROWS)
    lasting = profile.get("lasting_stockouts") or 0
    if lasting:
        yield _graded("stockouts", lasting, sizes.rows, MANY_STOCKOUTS)
    zeros = profile.get("zeros") or 0
    if zeros > MANY_ZEROS * sizes.rows and not sizes.columns & {"stockout_share", "stock"}:
        yield Finding("zeros_unexplained", "warn", zeros, zeros / sizes.rows)


def _sales(profile: Mapping[str, Any], sizes: Sizes) -> Iterator[Finding]:
    yield from _of_series("silent_series", profile, sizes)
    yield from _of_series("constant_series", profile, sizes)
    seldom = (profile.get("intermittent") or 0) + (profile.get("lumpy") or 0)
    if seldom:
        yield _graded("seldom_series", seldom, sizes.series, MOST_SERIES)
    if profile.get("negative"):
        yield _graded("negative", profile["negative"], sizes.rows, MANY_ROWS)
    if profile.get("outliers"):
        yield _graded("outliers", profile["outliers"], sizes.rows, MANY_ROWS)
    yield from _seasons(profile, sizes)


def _seasons(profile: Mapping[str, Any], sizes: Sizes) -> Iterator[Finding]:
    for season in profile.get("seasons") or ():
        code = "season" if season["strength"] >= STRONG_SEASON else "weak_season"
        yield Finding(code, "ok", season["length"], season["strength"])
    if "seasons" not in profile:
        return
    seen = {season["length"] for season in profile["seasons"]}
    for length in SEASONS[sizes.frequency]:
        if length not in seen and sizes.periods >= length * FEWEST_SEASONS:
            yield Finding("no_season", "accent", length)


def _of_series(name: str, profile: Mapping[str, Any], sizes: Sizes) -> Iterator[Finding]:
    count = profile.get(name) or 0
    if count:
        yield _graded(name, count, sizes.series, MANY_SERIES)


def _graded(code: str, count: int, whole: int, many: float) -> Finding:
    share = count / whole if whole else 0.0
    return Finding(code, "warn" if share >= many else "ok", count, share)
