"""A received file in long form, whatever its layout, and what its columns are."""

from __future__ import annotations

from dataclasses import dataclass, replace

from forecastlab.warehouse.domain import layouts
from forecastlab.warehouse.domain import mapping as mappings
from forecastlab.warehouse.domain.layouts import LONG, M4
from forecastlab.warehouse.domain.mapping import Mapping
from forecastlab.warehouse.domain.options import Options
from forecastlab.warehouse.gateways import files, reshaping
from forecastlab.warehouse.gateways.files import Readable, Source
from forecastlab.warehouse.services import beside
from forecastlab.warehouse.services.uploads import Upload

LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that can be staged, which of their columns is what, and how the file lays them out."""

    source: Readable
    mapping: Mapping
    layout: str
    undated: bool


def layout_of(source: Source, options: Options) -> str:
    """Return the layout that was asked for, else the one that the file speaks for."""
    asked = [mappings.parse_placed(one).role for one in options.placed]
    if options.layout or "quantity" in asked:
        return options.layout or LONG
    return layouts.guess(source.headings, files.first_rows(source, LOOKED_AT))


def table(upload: Upload, options: Options) -> Table:
    """Return the file as it is to be staged; raise MappingUnusable or OptionUnusable."""
    layout = layout_of(upload.source, options)
    options.check_layout(layout)
    placed = [mappings.parse_placed(one) for one in options.placed]
    signals = [mappings.parse_signal(one) for one in options.signals]
    headings = upload.source.headings
    if layout == LONG:
        mapping = mappings.resolve(headings, placed, signals, guessing=options.guess)
        return Table(upload.source, mapping, layout, options.reading.undated)
    shape = layouts.shape(layout, headings, placed, guessing=options.guess, written=options.dates)
    test = beside.opened(upload.place, "test", options) if options.test else None
    wide = reshaping.as_long(upload.source, shape, layout, test)
    mapping = mappings.resolve(wide.headings, wide.placed, (), guessing=False)
    undated = layout == M4 or options.reading.undated
    return Table(wide, replace(mapping, dropped=shape.dropped), layout, undated)
