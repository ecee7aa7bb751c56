"""Files as companies export them, and worse: what each holds, and what is to come of it."""

from __future__ import annotations

import gzip
import io
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

HEAD = "store,product,date,sales"
UPLOADED, READ = "when it is uploaded", "when it is read"
MARK = "\ufeff"


@dataclass(frozen=True)
class Bad:
    """A file that is refused, and the words that say what, where, and what to do."""

    content: bytes
    told: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)
    seen: str = READ


@dataclass(frozen=True)
class Odd:
    """A file that is imported: some of its figures, its quantities, and what is noted."""

    content: bytes
    figures: dict[str, Any]
    quantity: list[float | None] | None = None
    notes: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)


def table(*rows: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *rows, ""]).encode()


def days(*values: str, series: str = "A,1") -> list[str]:
    return [f"{series},2024-01-{day:02},{value}" for day, value in enumerate(values, start=1)]


def dated(*dates: str, series: str = "A,1") -> bytes:
    return table(*(f"{series},{one},{place}" for place, one in enumerate(dates, start=1)))


def parquet(**columns: Any) -> bytes:
    out = io.BytesIO()
    pl.DataFrame(columns).write_parquet(out)
    return out.getvalue()


def hours(first: datetime, count: int) -> list[str]:
    """Return the hours from `first` (UTC) as Berlin writes them in winter and in summer."""
    zone = pl.Series([first + timedelta(hours=one) for one in range(count)])
    return zone.dt.convert_time_zone("Europe/Berlin").dt.to_string("%Y-%m-%dT%H:%M:%S%:z").to_list()


AUTUMN = datetime(2024, 10, 26, 22, tzinfo=UTC)
SPRING = datetime(2024, 3, 30, 23, tzinfo=UTC)
BERLIN = {"timezone": "Europe/Berlin"}
THREE = {"rows": 3, "series": 1, "first": "2024-01-01", "last": "2024-01-03", "frequency": "D"}
PLAIN = table(*days("1", "2", "3"))
EURO = "store;product;date;sales;price"


def euro(*rows: str) -> bytes:
    return table(*rows, head=EURO)


NAIVE_AUTUMN = [f"2024-10-27 {hour:02}:00" for hour in (0, 1, 2, 2, 3, 4)]
ODD_FILES: dict[str, Odd] = {
    # -- encodings and delimiters
    "mark.csv": Odd(MARK.encode() + PLAIN, THREE, [1, 2, 3]),
    "sixteen-le.csv": Odd((MARK + PLAIN.decode()).encode("utf-16-le"), THREE, [1, 2, 3]),
    "sixteen-be.csv": Odd((MARK + PLAIN.decode()).encode("utf-16-be"), THREE, [1, 2, 3]),
    "sixteen-unmarked.csv": Odd(
        PLAIN.decode().encode("utf-16-le"), THREE, [1, 2, 3], options={"encoding": "utf-16-le"}
    ),
    "windows.csv": Odd(
        table(*days("1", "2", "3", series="Café,1")).decode().encode("cp1252"),
        {**THREE, "rows": 3},
        notes={"assumed_encoding": "was read as Windows-1252: line 2 says 'Café,1,"},
    ),
    "cyrillic.csv": Odd(
        table(*days("1", "2", "3", series="Чай,1")).decode().encode("cp1251"),
        THREE,
        options={"encoding": "windows-1251"},
    ),
    "tabs.tsv": Odd(PLAIN.replace(b",", b"\t"), THREE, [1, 2, 3]),
    "pipes.txt": Odd(PLAIN.replace(b",", b"|"), THREE, [1, 2, 3]),
    "excel.csv": Odd(b"sep=;\r\n" + PLAIN.replace(b",", b";"), THREE, [1, 2, 3]),
    "windows-lines.csv": Odd(PLAIN.replace(b"\n", b"\r\n"), THREE, [1, 2, 3]),
    "blank.csv": Odd(b"\n" + PLAIN.replace(b"\nA,1,2024-01-02", b"\n\n,,,\nA,1,2024-01-02"), THREE),
    "two-lines.csv": Odd(table(*days("1", "2", "3", series='"A\nB",1')), THREE, [1, 2, 3]),
    "unnamed.csv": Odd(
        table("0,A,1,2024-01-01,3,,", "1,A,1,2024-01-02,4,,", head=f",{HEAD},,"),
        {"rows": 2},
        [3, 4],
    ),
    "doubled.csv": Odd(
        b'date,"24"" TV"\n2024-01-01,1\n2024-01-02,2\n2024-01-03,2\n',
        THREE,
        [1, 2, 2],
        options={"layout": "wide"},
    ),
    "packed.csv.gz": Odd(gzip.compress(PLAIN), THREE, [1, 2, 3]),
    # -- numbers
    "comma.csv": Odd(
        euro("A;1;2024-01-01;1.234,56;2,5", "A;1;2024-01-02;2;1.000"),
        {"rows": 2},
        [1234.56, 2],
        {"decimal_comma": "line 2: '1.234,56'"},
    ),
    "words.csv": Odd(
        table("A,1,2024-01-01,3,ja", "A,1,2024-01-02,n/a,nein", head=f"{HEAD},promo"),
        {"rows": 2},
        [3, None],
        {"blanks": "column 'sales' that were read as unknown: 1. First: 'n/a' in line 3"},
    ),
    "spaces.csv": Odd(
        euro("A;1;2024-01-01;1 234,5;1", "A;1;2024-01-02;1\u00a0234\u202f567,25;2"),
        {"rows": 2},
        [1234.5, 1234567.25],
    ),
    "american.csv": Odd(table(*days('"1,234.56"', '"1,234"', "7")), THREE, [1234.56, 1234, 7]),
    "swiss.csv": Odd(table(*days("1'234.50", "1\u2019000", "7")), THREE, [1234.5, 1000, 7]),
    "said-comma.csv": Odd(
        table(*days('"1,234"', "2", "3")), THREE, [1.234, 2, 3], options={"decimal": ","}
    ),
    "said-point.csv": Odd(
        table(*days('"1,234"', "2", "3")), THREE, [1234, 2, 3], options={"decimal": "."}
    ),
    "neighbour.csv": Odd(
        euro("A;1;2024-01-01;1,234;2,5", "A;1;2024-01-02;2;3,75"), {"rows": 2}, [1.234, 2]
    ),
    "thousands.csv": Odd(
        euro("A;1;2024-01-01;129;3,87 €", "A;1;2024-01-02;1.234;3,87 €"),
        {"rows": 2},
        [129, 1234],
        {"decimal_comma": "Column 'sales' was read with a decimal comma, as in line 3: '1.234'"},
    ),
    "minus.csv": Odd(
        euro("A;1;2024-01-01;1.234,50-;1", "A;1;2024-01-02;(3);1", "A;1;2024-01-03;\u22122,5;1"),
        {"rows": 3},
        [-1234.5, -3, -2.5],
        {"returns": "3 negative quantities were kept"},
    ),
    "currency.csv": Odd(
        euro("A;1;2024-01-01;1;2,50 €", "A;1;2024-01-02;2;€ 3,00"),
        {"rows": 2},
        [1, 2],
        {"currency": "the currency € was left out of 2 values"},
    ),
    # -- dates
    "weeks.csv": Odd(
        dated("2024-W05", "2024-W06", "2024W07"),
        {"frequency": "W", "first": "2024-01-29", "last": "2024-02-12"},
    ),
    "months.csv": Odd(
        dated("2024-01", "2024-02", "2024-03"), {"frequency": "M", "first": "2024-01-01"}
    ),
    "named-months.csv": Odd(
        dated("Jan 2024", "Feb 2024", "Mär 2024"), {"frequency": "M", "last": "2024-03-01"}
    ),
    "short-months.csv": Odd(
        dated("Nov-23", "Dec-23", "Jan-24"), {"frequency": "M", "first": "2023-11-01"}
    ),
    "quarters.csv": Odd(
        dated("2023-Q4", "2024-Q1", "2024Q2"), {"frequency": "Q", "last": "2024-04-01"}
    ),
    "years.csv": Odd(dated("2022", "2023", "2024"), {"frequency": "Y", "first": "2022-01-01"}),
    "day-first.csv": Odd(
        dated("31/01/2024", "01/02/2024", "02/02/2024"),
        {"frequency": "D", "last": "2024-02-02"},
        notes={"dates": "were read with the day first"},
    ),
    "month-first.csv": Odd(
        dated("01/02/2024", "01/03/2024"),
        {"first": "2024-01-02", "last": "2024-01-03"},
        options={"dates": "month first"},
    ),
    "pattern.csv": Odd(
        dated("D2024_01_02", "D2024_01_03"),
        {"first": "2024-01-02"},
        options={"dates": "D%Y_%m_%d"},
    ),
    "two-certain-forms.csv": Odd(
        dated("2024-01-31", "2024-02-01", "02.02.2024", "3 Feb 2024"),
        {"rows": 4, "frequency": "D", "last": "2024-02-03"},
        [1, 2, 3, 4],
        {"mixed_dates": "like 2024-12-31, 31 Dec 2024, 31.12.2024; all were read"},
    ),
    "clock.csv": Odd(
        dated("1/31/2024 11:00:00 PM", "2/1/2024 12:00:00 AM"),
        {"frequency": "H", "first": "2024-01-31T23:00", "last": "2024-02-01T00:00"},
    ),
    # -- time zones
    "autumn.csv": Odd(
        dated(*hours(AUTUMN, 6)),
        {"rows": 5, "frequency": "H", "first": "2024-10-27T00:00", "last": "2024-10-27T04:00"},
        [1, 2, 3 + 4, 5, 6],
        {"repeated_hour": "Series 'A:1' has 2024-10-27T02:00 in 2 lines: 4, 5"},
        BERLIN,
    ),
    "autumn-without-offsets.csv": Odd(
        dated(*NAIVE_AUTUMN),
        {"rows": 5},
        [1, 2, 3 + 4, 5, 6],
        {"repeated_hour": "lines: 4, 5"},
        BERLIN,
    ),
    "spring.csv": Odd(
        dated(*hours(SPRING, 6)),
        {"rows": 6, "last": "2024-03-31T06:00"},
        notes={"skipped_hour": "'A:1' at 2024-03-31T02:00"},
        options=BERLIN,
    ),
    "zulu.csv": Odd(
        dated("2024-06-30T22:00:00Z", "2024-07-01T22:00:00Z"),
        {"frequency": "D", "first": "2024-07-01", "last": "2024-07-02"},
        options=BERLIN,
    ),
    "berlin.parquet": Odd(
        parquet(
            store=["A"] * 3,
            ds=[AUTUMN + timedelta(hours=one) for one in (1, 2, 3)],
            sales=[1, 2, 3],
        ),
        {"rows": 2, "first": "2024-10-27T01:00"},
        [1, 5],
        {"repeated_hour": "2 rows"},
        BERLIN,
    ),
    # -- what the rows say
    "summed.csv": Odd(
        table(*days("1", "2"), "A,1,2024-01-01,5"),
        {"rows": 2},
        [6, 2],
        {"duplicates": "added up: 1. First: Series 'A:1' has 2024-01-01 in 2 lines: 2, 4"},
        {"duplicates": "sum"},
    ),
    "last.csv": Odd(
        table(*days("1", "2"), "A,1,2024-01-01,5"),
        {"rows": 2},
        [5, 2],
        {"duplicates": "read from their last row: 1"},
        {"duplicates": "last"},
    ),
    "closed.csv": Odd(
        table(*days("3,1", ",0", "4,0"), head=f"{HEAD},open"),
        {"rows": 3},
        [3, 0, 4],
        {"closed_days": "set to zero: 1", "sold_while_closed": "line 4 ('A:1', 2024-01-03)"},
    ),
    "short-row.csv": Odd(
        table("A,1,2024-01-01,3", "A,1,2024-01-02"),
        {"rows": 2},
        [3, None],
        {"unknown": "First: line 3"},
    ),
    "gaps.csv": Odd(
        table("A,1,2024-01-01,3", "A,1,2024-01-02,3", "A,1,2024-01-06,3"),
        {"rows": 3},
        notes={
            "gaps": "3, in 1 series; they are unknown, not zero. First: 'A:1' from 2024-01-03 (3"
        },
    ),
    "total.csv": Odd(
        b"item,2024-01-01,2024-01-02,2024-01-03\nA,1,2,3\nTOTAL,1,2,3\n",
        {"rows": 6, "series": 2},
        notes={"sums": "Series 'TOTAL' is called like a sum of the others"},
    ),
    "slow.csv": Odd(
        table(*days(*("1",) * 29), *(f"B,1,2024-01-{day:02},9" for day in (1, 8, 15, 22, 29))),
        {"frequency": "D"},
        notes={
            "mixed_frequencies": "'B:1' (at least 7 days apart, from line 31)",
            "constant": "'A:1'",
        },
    ),
    "late.csv": Odd(
        table(*days(*"0000102"), *days(*"0000000", series="B,1")),
        {"rows": 14},
        notes={"late_start": "'A:1' (4 zeros, from line 2)", "silent": "'B:1' (7 rows"},
    ),
    "outlier.csv": Odd(
        table(*days(*"123234123", "900")),
        {"rows": 10},
        [*map(float, "123234123"), 900],
        {"outliers": "900 in line 11 ('A:1', 2024-01-10)"},
    ),
}


BAD_FILES: dict[str, Bad] = {
    "inches.csv": Bad(
        table(*(f"{one},1" for one in days("1", "2", "3")), head=f'{HEAD},24" TV'),
        ("has a single quotation mark", "double the one inside"),
        seen=UPLOADED,
    ),
    "letter.csv": Bad(b"%PDF-1.7 ...", ("is a PDF document", "Give a CSV"), seen=UPLOADED),
    "archive.csv": Bad(
        b"PK\x03\x04....", ("is a ZIP archive or an Excel workbook",), seen=UPLOADED
    ),
    "control.csv": Bad(b"\x05\x06" + PLAIN, ("is not text",), seen=UPLOADED),
    "spaces-only.csv": Bad(b" \n \n", ("is empty",), seen=UPLOADED),
    "header.csv": Bad(
        table(), ("has a header and no rows", "one row for each series"), seen=UPLOADED
    ),
    "empty-rows.csv": Bad(table(",,,", ",,,"), ("has a header and no rows",), seen=UPLOADED),
    "cut.csv.gz": Bad(
        gzip.compress(PLAIN * 20)[:60], ("is damaged", "Pack it again"), seen=UPLOADED
    ),
    "cut.parquet": Bad(
        parquet(store=["A"], ds=["2024-01-01"], y=[1])[:90], ("is damaged",), seen=UPLOADED
    ),
    "mac.csv": Bad(PLAIN.replace(b"\n", b"\r"), ("line ends of old Macs",), seen=UPLOADED),
    # -- encodings
    "no-mark.csv": Bad(
        PLAIN.decode().encode("utf-16-be"),
        ("It looks like UTF-16", "--encoding utf-16-be"),
        seen=UPLOADED,
    ),
    "neither.csv": Bad(
        table("A,1,2024-01-01,3") + b"Caf\x81,1,2024-01-02,4\n",
        ("Line 3 of", "is not UTF-8", "line 3 is not Windows-1252 either", "--encoding"),
        seen=UPLOADED,
    ),
    "half.csv": Bad(
        (MARK + PLAIN.decode()).encode("utf-16-le")[:-1], ("is not UTF-16", "Line 4"), seen=UPLOADED
    ),
    "not-utf8.csv": Bad(
        table("Café,1,2024-01-01,3").decode().encode("cp1252"),
        ("Line 2 of 'not-utf8.csv' is not UTF-8", "--encoding"),
        {"encoding": "utf-8"},
    ),
    "klingon.csv": Bad(
        PLAIN, ("'klingon' is not an encoding we read", "Accepted: utf-8"), {"encoding": "klingon"}
    ),
    # -- shape
    "unclosed.csv": Bad(
        table('"A,1,2024-01-01,3', "A,1,2024-01-02,3"),
        ("Line 2 has a quotation mark", "Correct it"),
        seen=UPLOADED,
    ),
    "ragged.csv": Bad(
        table("A,1,2024-01-01,3", "A,1,2024-01-02,3,9,9"),
        ("Line 3 has 6 values and the header 4 columns",),
    ),
    "title.csv": Bad(
        b"Sales of 2024\n" + PLAIN, ("Line 2 has 4 values and the header 1 columns",), seen=UPLOADED
    ),
    "inch.csv": Bad(
        table('5" nails,1,2024-01-01,3'), ("Line 2 has", "quotation mark"), seen=UPLOADED
    ),
    "twice.csv": Bad(
        table("A,1,2024-01-01,3,4", head=f"{HEAD},sales"), ("two columns named 'sales'",)
    ),
    "listed.parquet": Bad(
        parquet(store=["A"], ds=["2024-01-01"], sales=[[1, 2]]),
        ("Column 'sales'", "List(Int64)", "cannot be a quantity", "change its type"),
    ),
    "letter.txt": Bad(
        b"Dear colleague,\nplease find attached the sales.\nBest, Bob\n", ("No column is the date",)
    ),
    "undated.csv": Bad(
        table("A,1,3", head="store,product,sales"), ("No column is the date", "ds=COLUMN")
    ),
    "no-shop.csv": Bad(
        table("A,1,2024-01-01,3", " ,1,2024-01-01,3"),
        ("Line 3, column 'store': ' ' is empty; every row needs one",),
    ),
    "two-shops.csv": Bad(
        table("x,A,1,2024-01-01,3", "x,B,1,2024-01-02,3", head=f"series,{HEAD}"),
        ("Series 'x' occurs with 2 combinations of store and product",),
        {"map": ["series=series", "store=store", "product=product"]},
    ),
    # -- numbers
    "thousand.csv": Bad(
        table(*days('"1,234"', "2", '"5,678"')),
        ("Line 2, column 'sales': '1,234' can be", "--decimal . or --decimal ,"),
    ),
    "thousandth.csv": Bad(
        table(*days("1.234", "2.500")), ("Line 2, column 'sales': '1.234' can be", "--decimal")
    ),
    "mixed-signs.csv": Bad(
        euro("A;1;2024-01-01;1,5;1", "A;1;2024-01-02;2,5;1", "A;1;2024-01-03;3.5;1"),
        ("Line 4, column 'sales': '3.5' is not a number", "decimal comma"),
    ),
    "two-currencies.csv": Bad(
        table("A,1,2024-01-01,3,€2", "A,1,2024-01-02,3,$2", head=f"{HEAD},price"),
        ("Column 'price' has amounts in € (line 2) and $ (line 3)", "convert them"),
    ),
    "percent.csv": Bad(
        table(*days("3", "15%")),
        ("Line 3, column 'sales': '15%' is not a number", "leave it empty"),
    ),
    "huge.csv": Bad(table(*days("3", "1e300")), ("Line 3, column 'sales': '1e300'", "beyond 1e15")),
    "nan.csv": Bad(table(*days("3", "NaN")), ("Line 3, column 'sales': 'NaN' is not a number",)),
    "over-lines.csv": Bad(
        table('"A\nB",1,2024-01-01,3', '"A\nB",1,2024-01-02,many'),
        ("Row 3, column 'sales': 'many' is not a number",),
    ),
    "groups.csv": Bad(
        table(*days("3", '"1,23,456"')), ("Line 3, column 'sales': '1,23,456' is not a number",)
    ),
    "share.csv": Bad(
        table("A,1,2024-01-01,3,9", head=f"{HEAD},stockout"),
        ("Line 2, column 'stockout'", "from 0 to 1", "divide"),
    ),
    "price.csv": Bad(
        table("A,1,2024-01-01,3,-9", head=f"{HEAD},price"),
        ("Line 2, column 'price': '-9'", "from 0 to 1e15"),
    ),
    "sign.csv": Bad(PLAIN, ("';' is not a decimal sign",), {"decimal": ";"}),
    # -- dates
    "two-ways.csv": Bad(
        dated("01/02/2024", "02/02/2024"),
        ("the day or the month first", "'01/02/2024'", "--dates 'day first'"),
    ),
    "leap.csv": Bad(
        dated("2024-02-28", "2024-02-30"),
        ("Line 3, column 'date': '2024-02-30' is a day that does not exist",),
    ),
    "two-forms.csv": Bad(
        dated("2024-02-01", "2024-02-02", "02/03/2024", "31.02.2024"),
        ("Line 4, column 'date': '02/03/2024'", "like the others", "'31.02.2024' is a day that"),
    ),
    "ancient.csv": Bad(
        dated("2024-02-01", "0024-02-02"), ("Line 3, column 'date'", "from 1800 to 2199")
    ),
    "excel-days.csv": Bad(
        dated("45292", "45293"), ("Line 2, column 'date': '45292'", "days from Excel")
    ),
    "seconds.csv": Bad(dated("1704067200", "1704153600"), ("'1704067200'", "seconds since 1970")),
    "no-date.csv": Bad(table("A,1,,3"), ("Line 2, column 'date'", "write 2024-12-31")),
    "week-54.csv": Bad(dated("2024-W05", "2024-W54"), ("Line 3, column 'date': '2024-W54'",)),
    "no-pattern.csv": Bad(
        PLAIN,
        ("'year first' does not say how dates are written", "'day first'"),
        {"dates": "year first"},
    ),
    # -- time zones
    "offset.csv": Bad(
        dated("2024-01-01T00:00:00+01:00", "2024-01-02T00:00:00+01:00"),
        ("Line 2, column 'date': '2024-01-01T00:00:00+01:00'", "--timezone Europe/Berlin"),
    ),
    "zoned.parquet": Bad(
        parquet(store=["A"], ds=[AUTUMN], sales=[1]),
        ("Row 1, column 'ds'", "--timezone"),
    ),
    "some-offsets.csv": Bad(
        dated("2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z", "2024-01-03T00:00:00"),
        ("Line 4, column 'date': '2024-01-03T00:00:00'", "with its offset from UTC"),
        BERLIN,
    ),
    "no-zone.csv": Bad(
        PLAIN, ("There is no time zone 'Berlin'", "Europe/Berlin"), {"timezone": "Berlin"}
    ),
    # -- what the rows say
    "again.csv": Bad(
        table(*days("1", "2"), "A,1,2024-01-01,5"),
        ("Series 'A:1' has 2024-01-01 in 2 lines: 2, 4.", "--duplicates sum or last"),
    ),
    "really-again.csv": Bad(
        dated(*NAIVE_AUTUMN), ("Series 'A:1' has 2024-10-27T02:00 in 2 lines: 4, 5",)
    ),
    "century.csv": Bad(
        dated("1901-01-01", "1901-01-02", "2024-01-01"),
        (
            "1901-01-01 00:00:00 (line 2)",
            "2024-01-01 00:00:00 (line 4)",
            "Is one of the two wrong?",
        ),
    ),
    "stray.csv": Bad(
        table(
            *(f"A,{n},2024-01-{day:02},1" for n in range(40) for day in (1, 8)), "A,3,2024-01-17,1"
        ),
        (
            "Line 82, column 'date': 2024-01-17 00:00:00 of series 'A:3' does not begin a week",
            "--frequency",
        ),
    ),
    "minutes.csv": Bad(
        dated("2024-01-01 00:00", "2024-01-01 00:30"),
        ("30 minutes apart, such as line 3 of series 'A:1'", "--frequency"),
    ),
    "returned.csv": Bad(
        table(*days("3", "-2")), ("Line 3, column 'sales': -2 is negative",), {"returns": "reject"}
    ),
}
