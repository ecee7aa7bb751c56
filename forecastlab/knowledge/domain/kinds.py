"""Kinds of documents: by the end of the name, and by what the first bytes say."""

from __future__ import annotations

import codecs
import re
from pathlib import PurePath

from forecastlab.knowledge.domain.extracts import Unreadable

MARKDOWN, TEXT, HTML, PDF = "text/markdown", "text/plain", "text/html", "application/pdf"
KINDS = {
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".txt": TEXT,
    ".text": TEXT,
    ".htm": HTML,
    ".html": HTML,
    ".pdf": PDF,
}
LABELS = {MARKDOWN: "Markdown", TEXT: "Text", HTML: "HTML", PDF: "PDF"}
WANTED = "Give Markdown (.md), text (.txt), HTML (.html) or PDF (.pdf)."
PDF_MARK = b"%PDF-"
# A PDF may begin with a few lines that are none of its own.
PDF_HEAD = 1024
_FOREIGN = (
    (b"PK\x03\x04", "a ZIP archive, or a document of Word, Excel or LibreOffice"),
    (b"\xd0\xcf\x11\xe0", "an old document of Word or Excel"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"{\\rtf", "a document with formats (RTF)"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def of(name: str, content: bytes) -> str:
    """Return the media type of a file; raise Unreadable when name or bytes are of another kind."""
    if not content.strip():
        raise Unreadable(f"'{name}' is empty.", hint="Give a file with text.", field="file")
    for magic, what in _FOREIGN:
        if content.startswith(magic):
            hint = f"Save it as one that is read. {WANTED}"
            raise Unreadable(f"'{name}' is {what}.", hint=hint, field="file")
    kind = KINDS.get(PurePath(name).suffix.lower())
    if kind is None:
        raise Unreadable(f"'{name}' is of a kind that is not read.", hint=WANTED, field="file")
    is_pdf = PDF_MARK in content[:PDF_HEAD]
    if kind == PDF and not is_pdf:
        hint = "Open it to see what it is, and save it as PDF."
        raise Unreadable(f"'{name}' is called PDF, but is none.", hint=hint, field="file")
    if kind != PDF and content.startswith(PDF_MARK):
        hint = "Give it a name that ends in .pdf."
        raise Unreadable(f"'{name}' is a PDF by another name.", hint=hint, field="file")
    return kind


def decoded(content: bytes) -> str:
    """Return text as characters, whatever wrote it; raise Unreadable for what is no text.

    A byte order mark decides; without one it is UTF-8, else Windows-1252. Line ends become \\n.
    """
    text = _characters(content)
    found = _CONTROL.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise Unreadable(
            f"This is not text: line {line} holds the byte {ord(found[0]):#04x}.",
            hint="If it is UTF-16, save it with a byte order mark, or as UTF-8.",
            field="file",
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _characters(content: bytes) -> str:
    encoding = next((name for mark, name in _BOMS if content.startswith(mark)), "")
    if encoding:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            raise Unreadable(
                f"It begins as {encoding.removesuffix('-sig').upper()}, but byte {error.start:,} "
                "is none.",
                hint="Save it as UTF-8.",
                field="file",
            ) from error
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        # Five bytes mean nothing in Windows-1252; they are left out rather than all the rest.
        return content.decode("cp1252", errors="replace").replace("\ufffd", "")
