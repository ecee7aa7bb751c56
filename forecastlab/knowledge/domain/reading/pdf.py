from __future__ import annotations

import io
import re

from pypdf import PdfReader
from pypdf.errors import DependencyError, PyPdfError, WrongPasswordError

from forecastlab.knowledge.domain.extracts import Extract, Limits, Unreadable, fit

# What damaged or hostile files make the library stumble over, beside its own errors.
_STUMBLES = (
    PyPdfError,
    DependencyError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    NotImplementedError,
)
_AGAIN = "Open it with a PDF viewer and save it again."


def read(content: bytes, limits: Limits) -> Extract:
    """Return the text of every page and the line on which each begins; raise Unreadable."""
    reader = _opened(content)
    try:
        count = len(reader.pages)
    except _STUMBLES as error:
        raise Unreadable("The PDF is broken: it has no list of pages.", hint=_AGAIN) from error
    if count > limits.pages:
        detail = f"The PDF has {count:,} pages, more than {limits.pages:,}."
        raise Unreadable(detail, hint="Split it.", field="file")
    lines: list[str] = []
    pages: list[int] = []
    size = 0
    for number in range(count):
        pages.append(len(lines) + 1)
        text = _text_of(reader, number)
        size += len(text)
        if size > limits.characters:
            detail = f"Up to page {number + 1} it holds more than {limits.characters:,} characters."
            raise Unreadable(detail, hint="Split it.", field="file")
        lines.extend(line.rstrip() for line in text.rstrip().split("\n"))
        lines.append("")
    return Extract(lines, _title(reader), pages=pages)


def _opened(content: bytes) -> PdfReader:
    try:
        reader = PdfReader(io.BytesIO(content), strict=False)
        locked = reader.is_encrypted and not reader.decrypt("")
    except WrongPasswordError:
        locked = True
    except _STUMBLES as error:
        detail = "The PDF is broken: its table of contents cannot be found."
        raise Unreadable(detail, hint=_AGAIN, field="file") from error
    if locked:
        hint = "Open it with its password and save it without one."
        raise Unreadable("The PDF is locked with a password.", hint=hint, field="file")
    return reader


def _text_of(reader: PdfReader, number: int) -> str:
    try:
        text = reader.pages[number].extract_text()
    except _STUMBLES as error:
        detail = f"Page {number + 1} of the PDF is broken."
        raise Unreadable(detail, hint=_AGAIN, field="file") from error
    return fit(text.replace("\r\n", "\n").replace("\r", "\n"))


def _title(reader: PdfReader) -> str:
    """Return what the document calls itself; programs often put a file's name there."""
    try:
        told = reader.metadata.title if reader.metadata else ""
    except _STUMBLES:
        return ""
    title = " ".join(fit(str(told or "")).split())
    return "" if re.search(r"\.\w{2,4}$", title) or title.lower() == "untitled" else title[:200]
