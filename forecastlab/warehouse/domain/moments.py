"""How people write dates and times, and the local wall time that is meant.

Works on the distinct texts of a column, of which there are few however many rows there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from forecastlab.lib.errors import BadInput

MOMENT = pl.Datetime("us")
FIRST_YEAR, LAST_YEAR = 1800, 2199
DAY_FIRST, MONTH_FIRST = "day first", "month first"
# A day whose parts differ from each other.
_ANY = datetime(2024, 12, 31)  # noqa: DTZ001
# No dates at all: the numbers of periods.
NUMBERED = "period numbers"
_CLOCK = r"[T ]\s*(\d{1,2}):(\d{2})(?::(\d{2}(?:[.,]\d+)?))?\s*([AaPp])?\.?[Mm]?\.?$"
WITH_OFFSET = (
    r"(:\d{2}(?:[.,]\d+)?(?:\s*[APap][Mm])?)\s*(Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)(?:\[[^\]]*\])?$"
)
_MONTHS = (("Mär|Mrz", "Mar"), ("Mai", "May"), ("Okt", "Oct"), ("Dez", "Dec"))
_NAME = r"([A-Za-z]{3})[a-z]*\.?"


class DatesUnusable(BadInput):
    """Dates cannot be read in this way."""

    code = "dates_unusable"


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a date: the shape of it, and how strptime reads it once rewritten.

    `order` is set where the same text also has another meaning.
    """

    example: str
    shape: str
    rewritten: str
    form: str
    order: str = ""

    @property
    def is_day(self) -> bool:
        return self.rewritten.count("$") == 3


def _orders(sign: str, written: str) -> list[Form]:
    """Return dates such as 31/12/2024 and 12/31/2024, with four digits of the year and with two."""
    shape, years = (
        rf"^(\d{{1,2}}){sign}(\d{{1,2}}){sign}",
        ((r"(\d{4})$", "%Y"), (r"(\d{2})$", "%y")),
    )
    out = []
    for digits, year in years:
        shown = "2024" if year == "%Y" else "24"
        day = Form(
            f"31{written}12{written}{shown}", shape + digits, "${1}-${2}-${3}", f"%d-%m-{year}"
        )
        month = Form(
            f"12{written}31{written}{shown}", shape + digits, "${1}-${2}-${3}", f"%m-%d-{year}"
        )
        out += [_ordered(day, DAY_FIRST), _ordered(month, MONTH_FIRST)]
    return out


def _ordered(form: Form, order: str) -> Form:
    return Form(form.example, form.shape, form.rewritten, form.form, order)


_ISO = "%Y-%m-%d"
FORMS = (
    Form("2024-12-31", r"^(\d{4})-(\d{1,2})-(\d{1,2})$", "${1}-${2}-${3}", _ISO),
    Form("2024/12/31", r"^(\d{4})/(\d{1,2})/(\d{1,2})$", "${1}-${2}-${3}", _ISO),
    Form("2024.12.31", r"^(\d{4})\.(\d{1,2})\.(\d{1,2})$", "${1}-${2}-${3}", _ISO),
    Form("20241231", r"^(\d{4})(\d{2})(\d{2})$", "${1}-${2}-${3}", _ISO),
    Form("31.12.2024", r"^(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})$", "${3}-${2}-${1}", _ISO),
    Form("31.12.24", r"^(\d{1,2})\.(\d{1,2})\.(\d{2})$", "${1}-${2}-${3}", "%d-%m-%y"),
    *_orders("/", "/"),
    *_orders("-", "-"),
    Form(
        "31 Dec 2024", rf"^(\d{{1,2}})\.?[ -]?{_NAME}[ ,-]*(\d{{4}})$", "${1} ${2} ${3}", "%d %b %Y"
    ),
    Form("31-Dec-24", rf"^(\d{{1,2}})[ -]{_NAME}[ -](\d{{2}})$", "${1} ${2} ${3}", "%d %b %y"),
    Form("Dec 31, 2024", rf"^{_NAME} +(\d{{1,2}}),? +(\d{{4}})$", "${2} ${1} ${3}", "%d %b %Y"),
    Form("2024-W52", r"^(\d{4})-?W(\d{2})$", "${1}-${2}-1", "%G-%V-%u"),
    Form("2024-W52-2", r"^(\d{4})-?W(\d{2})-?([1-7])$", "${1}-${2}-${3}", "%G-%V-%u"),
    Form("2024-12", r"^(\d{4})[-/.M](\d{1,2})$", "${1}-${2}-1", _ISO),
    Form("202412", r"^(\d{4})(\d{2})$", "${1}-${2}-1", _ISO),
    Form("12/2024", r"^(\d{1,2})[-/.](\d{4})$", "${2}-${1}-1", _ISO),
    Form("Dec 2024", rf"^{_NAME}[ -]*(\d{{4}})$", "1 ${1} ${2}", "%d %b %Y"),
    Form("Dec-24", rf"^{_NAME}[ -](\d{{2}})$", "1 ${1} ${2}", "%d %b %y"),
    Form("2024-Q4", r"^(\d{4})[-/ ]?[Qq]([1-4])$", "${1}-q${2}-1", _ISO),
    Form("Q4 2024", r"^[Qq]([1-4])[-/ ]?(\d{4})$", "${2}-q${1}-1", _ISO),
    Form("2024", r"^(\d{4})$", "${1}-1-1", _ISO),
)


# Days that are written in a way that is never another day.
CERTAIN = tuple(
    one
    for one in FORMS
    if one.example in {"2024-12-31", "2024/12/31", "31.12.2024", "31 Dec 2024", "Dec 31, 2024"}
)
_LIKELY_DAY = r"^(18|19|20|21)\d\d-(0?[1-9]|1[0-2])-(0?[1-9]|[12]\d|3[01])$"


@dataclass(frozen=True, slots=True)
class Read:
    """The distinct texts of a column and what they mean.

    `table` has `text`, `ds` (local wall time), `offset` (minutes ahead of UTC, null without one)
    and `form`: how each was read, as an example. Where `form` is null and `lost` true, the text
    names a day that the calendar does not have. `form` says how most dates were read; where
    `other` reads all of them too, nothing is told.
    """

    table: pl.DataFrame
    form: Form | None
    other: Form | None = None

    @property
    def has_offsets(self) -> bool:
        return self.table["offset"].null_count() < self.table.height


def check_dates(dates: str) -> str:
    """Return how dates are to be read; raise DatesUnusable when it is no way to read them."""
    if dates in {"", DAY_FIRST, MONTH_FIRST, NUMBERED} or _reads_itself(dates):
        return dates
    raise DatesUnusable(
        f"'{dates[:80]}' does not say how dates are written. Accepted: '{DAY_FIRST}', "
        f"'{MONTH_FIRST}', '{NUMBERED}', or a pattern such as '%d.%m.%Y' with a year and a month.",
        field="dates",
    )


def _reads_itself(pattern: str) -> bool:
    """Say whether a day that is written by the pattern can be read by it."""
    if "%" not in pattern:
        return False
    try:
        written = pl.select(pl.lit(_ANY).dt.to_string(_without_offset(pattern)))
        read = written.select(_as_said(pl.first(), pattern)).item()
    except pl.exceptions.PolarsError:
        return False
    return read is not None


def check_zone(timezone: str) -> str:
    """Return the name of the time zone; raise DatesUnusable when there is none of that name."""
    try:
        if timezone:
            ZoneInfo(timezone)
            pl.select(wall_time(pl.lit(_ANY).dt.replace_time_zone("UTC"), timezone))
    except (ZoneInfoNotFoundError, ValueError, OSError, pl.exceptions.PolarsError) as error:
        raise DatesUnusable(
            f"There is no time zone '{timezone[:80]}'. Give one such as Europe/Berlin.",
            field="timezone",
        ) from error
    return timezone


def read(texts: pl.Series, dates: str = "", timezone: str = "") -> Read:
    """Return what distinct texts mean as local wall time; `ds` is null where they mean none.

    Times with an offset are converted into the wall time of `timezone`, or kept as written where
    that is empty. Texts with an offset among texts without one, or the other way round, mean none.
    """
    frame = pl.DataFrame({"text": texts.cast(pl.String)}).drop_nulls()
    text = pl.col("text").str.strip_chars()
    frame = frame.with_columns(
        text.str.extract(WITH_OFFSET, 2).alias("zone"),
        text.str.replace(WITH_OFFSET, "${1}").alias("local"),
    )
    if "%" in dates:
        form: Form | None = Form(dates, "", "", dates)
        other: Form | None = None
        frame = frame.with_columns(
            _as_said(pl.col("local"), dates).alias("ds"),
            pl.lit(dates).alias("form"),
            pl.lit(value=False).alias("lost"),
        )
    else:
        frame = frame.with_columns(*_clock(pl.col("local")))
        form, other = _best(frame, dates)
        frame = _meant(frame, form)
    frame = frame.with_columns(_minutes(pl.col("zone")).alias("offset"))
    return Read(_in_zone(_of_one_kind(frame), timezone), form, other)


def _as_said(local: pl.Expr, form: str) -> pl.Expr:
    form = _without_offset(form)
    if any(one in form for one in ("%d", "%-d", "%e", "%j", "%u", "%F", "%D")):
        return _strptime(local, form)
    return _strptime(local + pl.lit(" 1"), f"{form} %d")


def _without_offset(form: str) -> str:
    return form.replace("%z", "").strip()


def _clock(local: pl.Expr) -> list[pl.Expr]:
    """Split a text into its date and the seconds since midnight (null for a time that is none)."""
    hour, minute = (local.str.extract(_CLOCK, one).cast(pl.Int64) for one in (1, 2))
    second = local.str.extract(_CLOCK, 3).str.replace(",", ".", literal=True).cast(pl.Float64)
    half = local.str.extract(_CLOCK, 4).str.to_lowercase()
    hours = pl.when(half.is_null()).then(hour).otherwise(hour % 12 + 12 * (half == "p"))
    sound = (hours < 24) & (minute < 60) & (second.fill_null(0) < 60)
    total = hours * 3_600_000_000 + minute * 60_000_000
    micros = total + (second.fill_null(0) * 1e6).round().cast(pl.Int64)
    clock = pl.when(hour.is_null()).then(0).otherwise(pl.when(sound).then(micros))
    return [local.str.replace(_CLOCK, "").alias("date"), clock.alias("clock")]


def _best(frame: pl.DataFrame, dates: str) -> tuple[Form | None, Form | None]:
    """Return the form that reads most dates, and the other one that reads as many."""
    opposite = {DAY_FIRST: MONTH_FIRST, MONTH_FIRST: DAY_FIRST}.get(dates)
    shapes = frame.select(
        pl.col("date").str.contains(one.shape).any().alias(str(place))
        for place, one in enumerate(FORMS)
    ).row(0)
    forms = [
        one
        for one, fits in zip(FORMS, shapes, strict=True)
        if fits and (not one.order or one.order != opposite)
    ]
    if not forms:
        return None, None
    readable = frame.select(
        _date(one).is_not_null().sum().alias(str(place)) for place, one in enumerate(forms)
    ).row(0)
    most = max(readable)
    if not most:
        return None, None
    best = [one for one, count in zip(forms, readable, strict=True) if count == most]
    others = [one for one in best[1:] if one.shape == best[0].shape]
    return best[0], others[0] if others else None


def _meant(frame: pl.DataFrame, form: Form | None) -> pl.DataFrame:
    """Add `ds`, `form` and `lost`; days in another form are read where that form is certain."""
    more = CERTAIN if form and form.is_day else ()
    forms = [*([form] if form else []), *(one for one in more if one is not form)]
    dates = [_date(one) for one in forms]
    read = [
        pl.when(date.is_not_null()).then(pl.lit(one.example))
        for one, date in zip(forms, dates, strict=True)
    ]
    day = pl.coalesce(*dates, pl.lit(None, dtype=MOMENT))
    likely = [_parts(one).str.contains(_LIKELY_DAY) for one in forms if one in CERTAIN]
    return frame.with_columns(
        (day + pl.duration(microseconds=pl.col("clock"))).alias("ds"),
        pl.coalesce(*read, pl.lit(None, dtype=pl.String)).alias("form"),
        (day.is_null() & pl.any_horizontal(*likely, pl.lit(value=False))).alias("lost"),
    )


def _date(form: Form) -> pl.Expr:
    return _strptime(_parts(form), form.form)


def _parts(form: Form) -> pl.Expr:
    text = pl.col("date")
    for pattern, name in _MONTHS if "%b" in form.form else ():
        text = text.str.replace(rf"\b(?:{pattern})", name)
    fitting = pl.when(text.str.contains(form.shape)).then(text)
    parts = fitting.str.replace(form.shape, form.rewritten)
    for quarter in range(1, 5) if "-q" in form.rewritten else ():
        parts = parts.str.replace(f"q{quarter}", str(3 * quarter - 2), literal=True)
    return parts


def _strptime(text: pl.Expr, form: str) -> pl.Expr:
    moment = text.str.strptime(MOMENT, form, strict=False)
    within = moment.dt.year().is_between(FIRST_YEAR, LAST_YEAR)
    return pl.when(within).then(moment)


def _minutes(zone: pl.Expr) -> pl.Expr:
    """Return the minutes of an offset such as Z, +01:00, -0530 or +02."""
    sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    hours = zone.str.extract(r"^[+-](\d{2})", 1).cast(pl.Int32)
    minutes = zone.str.extract(r"(\d{2})$", 1).cast(pl.Int32)
    rest = pl.when(zone.str.len_chars() > 3).then(minutes).otherwise(0)
    offset = sign * (hours * 60 + rest)
    return pl.when(hours.is_not_null()).then(offset).otherwise(pl.when(zone.is_not_null()).then(0))


def _of_one_kind(frame: pl.DataFrame) -> pl.DataFrame:
    """Take the meaning from the fewer: those with an offset, or those without one."""
    given = frame["offset"].is_not_null()
    keep_given = given.sum() * 2 >= frame.height
    kept = pl.col("offset").is_not_null() if keep_given else pl.col("offset").is_null()
    return frame.with_columns(pl.when(kept).then("ds"), pl.when(kept).then("offset"))


def _in_zone(frame: pl.DataFrame, timezone: str) -> pl.DataFrame:
    utc = pl.col("ds") - pl.duration(minutes=pl.col("offset"))
    if timezone:
        wall = wall_time(utc.dt.replace_time_zone("UTC"), timezone)
        frame = frame.with_columns(utc.alias("utc"), pl.coalesce(wall, "ds").alias("ds"))
        away = (pl.col("ds") - pl.col("utc")).dt.total_minutes().cast(pl.Int32)
        frame = frame.with_columns(
            pl.when(pl.col("offset").is_not_null()).then(away).alias("offset")
        )
    return frame.select("text", "ds", "offset", "form", "lost")


def wall_time(moment: pl.Expr, timezone: str) -> pl.Expr:
    """Return what clocks in a zone show at a moment that knows its own zone."""
    return moment.dt.convert_time_zone(timezone).dt.replace_time_zone(None).cast(MOMENT)


def changes(
    timezone: str, first: datetime, last: datetime
) -> tuple[list[datetime], list[datetime]]:
    """Return the hours from first to last that clocks leave out in spring, and repeat in autumn."""
    skipped: list[datetime] = []
    repeated: list[datetime] = []
    zone = ZoneInfo(timezone)
    day = first.replace(hour=0, minute=0, second=0, microsecond=0)
    while day <= last:
        following = day + timedelta(days=1)
        if day.replace(tzinfo=zone).utcoffset() != following.replace(tzinfo=zone).utcoffset():
            for hour in (day + timedelta(hours=one) for one in range(24)):
                before, after = (hour.replace(tzinfo=zone, fold=one).utcoffset() for one in (0, 1))
                if before is not None and after is not None and before != after:
                    (skipped if before < after else repeated).append(hour)
        day = following
    return skipped, repeated


def hint(texts: Sequence[str]) -> str:
    """Return what texts that are no dates may be, "" when nothing comes to mind."""
    if not texts or not all(one.isdigit() for one in texts):
        return ""
    lengths = {len(one) for one in texts}
    if lengths == {5}:
        return "it looks like a number of days from Excel: format the column as dates there"
    if lengths in ({10}, {13}):
        return "it looks like seconds since 1970: write dates instead"
    if max(lengths) < 4:
        return f"for numbers of periods say --dates '{NUMBERED}' and --frequency"
    return ""
