"""What kind of file some bytes are, whatever the name says."""

from __future__ import annotations

from dataclasses import dataclass

from forecastlab.lib.errors import BadInput

BOM = b"\xef\xbb\xbf"
GZIP = b"\x1f\x8b"
PARQUET = b"PAR1"
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
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
)
_WANTED = "Give a CSV or TSV file in UTF-8, plain or gzipped, or a Parquet file."
DELIMITERS = (",", "\t", ";", "|")


class FileUnusable(BadInput):
    """The file cannot be read as a table."""

    code = "file_unusable"


@dataclass(frozen=True, slots=True)
class Table:
    """Text with a delimiter, or Parquet (an empty delimiter)."""

    delimiter: str = ""

    @property
    def is_parquet(self) -> bool:
        return not self.delimiter


def recognise(head: bytes, name: str) -> Table:
    """Say what the first bytes of an unpacked file are.

    Raises FileUnusable for what is no table, naming what it is.
    """
    if not head.strip():
        raise FileUnusable(f"'{name}' is empty.", hint=_WANTED, field="file")
    if head.startswith(PARQUET):
        return Table()
    for magic, what in _FOREIGN:
        if head.startswith(magic):
            raise FileUnusable(f"'{name}' is {what}.", hint=_WANTED, field="file")
    if b"\r" in head and b"\n" not in head:
        hint = "Save it with line ends of Windows or Unix."
        raise FileUnusable(f"'{name}' has line ends of old Macs (CR).", hint=hint, field="file")
    if b"\x00" in head:
        raise FileUnusable(f"'{name}' is not text.", hint=_WANTED, field="file")
    first = head.removeprefix(BOM).split(b"\n", 1)[0].decode("utf-8", "replace")
    return Table(max(DELIMITERS, key=lambda one: _outside_quotes(first, one)))


def _outside_quotes(line: str, delimiter: str) -> int:
    return sum(part.count(delimiter) for part in line.split('"')[::2])
