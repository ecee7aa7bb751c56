"""What kind of file some bytes are, whatever the name says."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from forecastlab.lib.errors import BadInput

GZIP = b"\x1f\x8b"
PARQUET = b"PAR1"
# The marks that say how the text after them is encoded; the longer of two that begin alike first.
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What can be asked for. Windows-1252 is what is assumed of text that is not UTF-8.
ENCODINGS = (
    *("utf-8", "utf-16", "utf-16-le", "utf-16-be", "windows-1252", "iso-8859-1", "iso-8859-2"),
    *("iso-8859-15", "windows-1250", "windows-1251", "windows-1253", "windows-1254", "cp437"),
    *("cp850", "mac-roman", "shift_jis", "euc-jp", "euc-kr", "gb18030", "big5"),
)
_FOREIGN = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"BZh", "a bzip2 archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\xfd7zXZ", "an XZ archive"),
    (b"{\\rtf", "a text document with formats (RTF)"),
)
_MARKUP = re.compile(rb"\s*<(!doctype|html|\?xml|table)", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_WANTED = "Give a CSV or TSV file, plain or gzipped, or a Parquet file."
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?")
DELIMITERS = (",", "\t", ";", "|")


class FileUnusable(BadInput):
    """The file cannot be read as a table."""

    code = "file_unusable"


class EncodingUnknown(BadInput):
    """There is no such encoding."""

    code = "encoding_unknown"


@dataclass(frozen=True, slots=True)
class Table:
    """Text with a delimiter, or Parquet (an empty delimiter).

    `above` lines stand before the header: empty ones, or Excel's `sep=;`.
    """

    delimiter: str = ""
    above: int = 0

    @property
    def is_parquet(self) -> bool:
        return not self.delimiter


def check_encoding(encoding: str) -> str:
    """Return the encoding ("" to guess); raise EncodingUnknown when we do not offer it."""
    plain = encoding.strip().lower().replace("_", "-")
    known = {one.replace("_", "-"): one for one in ENCODINGS}
    known |= {"latin-1": "iso-8859-1", "latin1": "iso-8859-1", "cp1252": "windows-1252"}
    known |= {"utf8": "utf-8", "utf-8-sig": "utf-8", "ansi": "windows-1252"}
    if plain and plain not in known:
        raise EncodingUnknown(
            f"'{encoding}' is not an encoding we read. Accepted: {', '.join(ENCODINGS)}.",
            field="encoding",
        )
    return known.get(plain, "")


def label(encoding: str) -> str:
    """Return how people write the name of an encoding."""
    name = encoding.replace("windows", "Windows").replace("mac-roman", "Mac Roman")
    return name if name != encoding else encoding.upper()


def marked(head: bytes) -> str:
    """Return the encoding that the first bytes name, "" when they name none."""
    return next((name for mark, name in MARKS if head.startswith(mark)), "")


def refuse_foreign(head: bytes, name: str) -> None:
    """Raise FileUnusable when the first bytes are those of something that is no table."""
    if not head.strip():
        raise FileUnusable(f"'{name}' is empty.", hint=_WANTED, field="file")
    for magic, what in _FOREIGN:
        if head.startswith(magic) and not marked(head):
            raise FileUnusable(f"'{name}' is {what}.", hint=_WANTED, field="file")
    if _MARKUP.match(head):
        raise FileUnusable(f"'{name}' is a web page or XML.", hint=_WANTED, field="file")


def recognise(head: str, name: str) -> Table:
    """Say how the first characters of a text part its columns.

    Raises FileUnusable for what is no table.
    """
    head = head.removeprefix("\ufeff")
    if not head.strip():
        raise FileUnusable(f"'{name}' is empty.", hint=_WANTED, field="file")
    if "\r" in head and "\n" not in head:
        hint = "Save it with line ends of Windows or Unix."
        raise FileUnusable(f"'{name}' has line ends of old Macs (CR).", hint=hint, field="file")
    if _CONTROL.search(head):
        raise FileUnusable(f"'{name}' is not text.", hint=_not_text(head), field="file")
    lines = head.split("\n")
    above = next(place for place, line in enumerate(lines) if line.strip())
    said = _SEPARATOR_LINE.fullmatch(lines[above])
    if said:
        return Table(said[1], above + 1)
    return Table(max(DELIMITERS, key=lambda one: _outside_quotes(lines[above], one)), above)


def _not_text(head: str) -> str:
    if head[1:2] == "\x00":
        return "It looks like UTF-16: say --encoding utf-16-le."
    if head[:1] == "\x00" and head[1:2] not in {"\x00", "\x01"}:
        return "It looks like UTF-16: say --encoding utf-16-be."
    return _WANTED


def _outside_quotes(line: str, delimiter: str) -> int:
    return sum(part.count(delimiter) for part in line.split('"')[::2])
