"""Files that people upload, and files that they should not."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence

from pypdf import PdfWriter

POLICY = """# Returns

Goods come back within thirty days.

## Damaged goods

A photograph is enough. The store decides.

```sh
# not a heading
```

## Money

The price that was paid is paid back, in the same way.
"""


def pdf(pages: Sequence[Sequence[str]], *, title: str = "") -> bytes:
    """A PDF with these lines on each page, written by hand."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{4 + 2 * one} 0 R" for one in range(len(pages)))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode())
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for number, lines in enumerate(pages):
        said = "".join(f"({line}) Tj T*\n" for line in lines)
        stream = f"BT /F1 12 Tf 14 TL 50 750 Td\n{said}ET".encode()
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(_stream(stream))
    return _written(objects, title)


def bomb() -> bytes:
    """A PDF of a few hundred kilobytes whose page unpacks to 300 MB."""
    packed = zlib.compress(zlib.compress(b" " * 300_000_000, 9), 9)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R >>",
        _stream(packed, "/Filter [/FlateDecode /FlateDecode] "),
    ]
    return _written(objects, "")


def locked() -> bytes:
    """A PDF that opens with a password alone."""
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    writer.encrypt("secret", algorithm="AES-256")
    return _bytes(writer)


def blank(pages: int = 1) -> bytes:
    """A PDF without a word, as a scan has none."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(200, 200)
    return _bytes(writer)


def _bytes(writer: PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _stream(content: bytes, more: str = "") -> bytes:
    head = f"<< {more}/Length {len(content)} >>\nstream\n".encode()
    return head + content + b"\nendstream"


def _written(objects: Sequence[bytes], title: str) -> bytes:
    every = [*objects, f"<< /Title ({title}) >>".encode()]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, one in enumerate(every, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + one + b"\nendobj\n"
    begin = len(out)
    out += f"xref\n0 {len(every) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    out += f"trailer << /Size {len(every) + 1} /Root 1 0 R /Info {len(every)} 0 R >>\n".encode()
    return bytes(out) + f"startxref\n{begin}\n%%EOF\n".encode()
