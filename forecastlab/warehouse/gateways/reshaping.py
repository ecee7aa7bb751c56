"""Tables that are not long, read as if they were: lazily, so that their size does not matter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from forecastlab.warehouse.domain import problems
from forecastlab.warehouse.domain.layouts import M4, WIDE, Shape
from forecastlab.warehouse.domain.mapping import Placed
from forecastlab.warehouse.domain.problems import SHOWN, Problem
from forecastlab.warehouse.gateways.files import ROW_NUMBER, Source
from forecastlab.warehouse.gateways.staging import HEADING, HELD_BACK


def as_long(source: Source, shape: Shape, layout: str, test: Source | None = None) -> Wide:
    """Return a table with a row for each value of the source; `test` continues series of M4."""
    return {WIDE: Wide, M4: Periods}[layout](source, shape, test)


@dataclass(frozen=True)
class Wide:
    """A table with a column for each date, or for each series. A blank is no row."""

    source: Source
    shape: Shape
    test: Source | None = None

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def line_word(self) -> str:
        return self.source.line_word

    @property
    def headings(self) -> list[str]:
        return [*(one.column for one in self.shape.keys), self.across, self.value]

    @property
    def placed(self) -> list[Placed]:
        """Return what the columns are."""
        role = "ds" if self.shape.dated else "series"
        return [*self.shape.keys, Placed(role, self.across), Placed("quantity", self.value)]

    @property
    def types(self) -> dict[str, pl.DataType]:
        kept = {one.column: self.source.types[one.column] for one in self.shape.keys}
        added = {self.across: pl.String(), self.value: self._kind, HEADING: pl.String()}
        return {**kept, **added}

    @property
    def across(self) -> str:
        return self._free("dates in the header" if self.shape.dated else "header")

    @property
    def value(self) -> str:
        return self._free("quantities")

    def scan(self) -> pl.LazyFrame:
        """Return the rows that have a value, each with the line and the heading it stands at."""
        keys = [one.column for one in self.shape.keys]
        rows = _melted(self.source, keys, self.shape.values, self.value, self._kind)
        return rows.with_columns(pl.col(HEADING).alias(self.across))

    def notes(self) -> list[Problem]:
        return self.source.notes()

    def unreadable(self, error: Exception) -> Exception:
        return self.source.unreadable(error)

    @property
    def _kind(self) -> pl.DataType:
        kinds = {self.source.types[one] for one in self.shape.values}
        return pl.Float64() if all(one.is_numeric() for one in kinds) else pl.String()

    def _free(self, name: str) -> str:
        """Return the name, lengthened until no column of the file has it."""
        while name in self.source.types:
            name += "_"
        return name


class Periods(Wide):
    """A row for each series, its values in order: the last ones of all are of the same period.

    The longest series begins with period 0. Values of `test` follow the last period, held back.
    """

    @property
    def across(self) -> str:
        return self._free("period")

    @property
    def placed(self) -> list[Placed]:
        return [*self.shape.keys, Placed("ds", self.across), Placed("quantity", self.value)]

    @property
    def types(self) -> dict[str, pl.DataType]:
        return {**super().types, self.across: pl.Int64(), HELD_BACK: pl.Boolean()}

    def scan(self) -> pl.LazyFrame:
        begun = self._longest - pl.col("length")
        lengths = self._lengths.lazy()
        rows = self._numbered(self.source).join(lengths, on=ROW_NUMBER, how="left")
        rows = rows.with_columns(
            (begun + pl.col(self.across)).alias(self.across), pl.lit(value=False).alias(HELD_BACK)
        )
        columns = [ROW_NUMBER, *self.types]
        if self.test is None:
            return rows.select(columns)
        held_back = self._numbered(self.test).with_columns(
            (self._longest + pl.col(self.across)).alias(self.across),
            pl.lit(value=True).alias(HELD_BACK),
            (pl.col(HEADING) + pl.lit(f" of {self.test.name}")).alias(HEADING),
        )
        return pl.concat([rows.select(columns), held_back.select(columns)])

    def notes(self) -> list[Problem]:
        if self.test is None:
            return super().notes()
        return [*super().notes(), *self.test.notes(), *self._strangers(self.test)]

    @cached_property
    def _lengths(self) -> pl.DataFrame:
        """Return the `length` of the series of each line: the place of its last value."""
        last = pl.col(self.across).max() + 1
        numbered = self._numbered(self.source).group_by(ROW_NUMBER).agg(last.alias("length"))
        return numbered.collect(engine="streaming")

    @cached_property
    def _longest(self) -> int:
        longest = self._lengths["length"].max()
        return longest if isinstance(longest, int) else 0

    def _numbered(self, source: Source) -> pl.LazyFrame:
        """Return the values of a file with their place in their line, from 0."""
        keys = self._keys(source)
        values = [one for one in source.headings if one not in keys]
        places = pl.LazyFrame({HEADING: values, self.across: range(len(values))})
        rows = _melted(source, keys, values, self.value, self._kind)
        return rows.join(places, on=HEADING, how="left").rename(keys)

    def _keys(self, source: Source) -> dict[str, str]:
        """Return the columns that tell series apart, and what they are called in the first file.

        A single one may have any name in the other file: it is the first column there.
        """
        names = [one.column for one in self.shape.keys]
        if len(names) == 1 and names[0] not in source.types:
            return {source.headings[0]: names[0]}
        return {one: one for one in names}

    def _strangers(self, test: Source) -> list[Problem]:
        """Return what stands in one of the two files only."""
        known, held_back = self._names(self.source), self._names(test)
        found = []
        new = held_back.join(known, on="name", how="anti").sort("line")
        if not new.is_empty():
            line, name = new.row(0)
            found.append(
                problems.error(
                    "held_back_strangers",
                    f"{test.line_word.capitalize()} {line:,} of '{test.name}': series '{name}' "
                    f"is not in '{self.name}', so it continues nothing.",
                    count=new.height,
                    places=[
                        problems.spot(at, test.name, one) for at, one in new.head(SHOWN).rows()
                    ],
                )
            )
        without = known.join(held_back, on="name", how="anti").sort("line")
        if not without.is_empty():
            message = f"{without.height:,} series have no held-back values, such as "
            message += f"'{without['name'][0]}': they are not judged on the last fold."
            found.append(problems.note("not_held_back", message, count=without.height))
        return found

    def _names(self, source: Source) -> pl.DataFrame:
        """Return `line, name` of the series of a file."""
        keys = [pl.col(one).cast(pl.String).str.strip_chars() for one in self._keys(source)]
        name = pl.concat_str(keys, separator=":").alias("name")
        rows = source.scan().select(pl.col(ROW_NUMBER).alias("line"), name).collect()
        return rows.filter(pl.col("name") != "")


def _melted(
    source: Source, keys: Iterable[str], values: Sequence[str], value: str, kind: pl.DataType
) -> pl.LazyFrame:
    """Return a row for each value that is given, with the line and the heading it stands at."""
    index = [ROW_NUMBER, *keys]
    rows = source.scan().select(*index, pl.col(values).cast(kind))
    long = rows.unpivot(on=values, index=index, variable_name=HEADING, value_name=value)
    given = pl.col(value).is_not_null()
    return long.filter(
        given & (pl.col(value).str.strip_chars() != "") if kind == pl.String else given
    )
