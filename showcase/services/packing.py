"""Files laid out on a bench, packed into the zip of a bundle and signed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from forecastlab.lib.barriers import barrier
from showcase.domain import bundles, signatures
from showcase.services import signing
from showcase.services.workbench import Bench

PIECE = 1 << 20
# Called with the part that is done, and the file that is worked on.
Report = Callable[[float, str], None]


class _Meter:
    """Tells how far the packing is: each byte is read twice, to be summed up and to be packed."""

    def __init__(self, content: Mapping[str, Path], report: Report) -> None:
        self.whole = 2 * sum(one.stat().st_size for one in content.values()) or 1
        self.done, self.report = 0, report

    def pieces(self, content: Mapping[str, Path], path: str) -> Iterator[bytes]:
        with content[path].open("rb") as stream:
            while piece := stream.read(PIECE):
                yield piece
                self.done += len(piece)
                self.report(min(1.0, self.done / self.whole), path)


def pack(bench: Bench, workspace: str, others: Mapping[str, Path], report: Report) -> None:
    """Complete the manifest, sum up and sign what lies on the bench, and zip it there.

    `others` are files that lie elsewhere, by their path in the bundle. Repeating it is free.
    """
    content = {**_laid_out(bench), **others}
    manifest = json.loads(bench.path(bundles.MANIFEST).read_bytes())
    bench.write(bundles.MANIFEST, [bundles.canonical(_completed(manifest, content))])
    content[bundles.MANIFEST] = bench.path(bundles.MANIFEST)
    meter = _Meter(content, report)
    sums = bundles.checksums({path: _sum(meter.pieces(content, path)) for path in content})
    bench.write(bundles.CHECKSUMS, [sums])
    bench.write(bundles.SIGNATURE, [signing.sign(sums)])
    content |= {path: bench.path(path) for path in bundles.UNSUMMED}
    with bench.draft(bench.zip) as stream, ZipFile(stream, "w") as archive:
        for path in sorted(content):
            info = bundles.member(workspace, path, content[path].stat().st_size)
            with archive.open(info, "w") as target:
                target.writelines(meter.pieces(content, path))
            barrier("bundle-packing")


def _laid_out(bench: Bench) -> dict[str, Path]:
    """Return what lies there, without what is written last."""
    written_last = {bundles.MANIFEST, *bundles.UNSUMMED}
    return {path: file for path, file in bench.files().items() if path not in written_last}


def _completed(manifest: Mapping[str, Any], content: Mapping[str, Path]) -> dict[str, Any]:
    public = signing.public_key()
    return {
        **manifest,
        "files": [{"path": path, "size": content[path].stat().st_size} for path in sorted(content)],
        "signing": {
            "algorithm": signatures.ALGORITHM,
            "key_id": signatures.key_id(public),
            "public_key": public,
        },
    }


def _sum(pieces: Iterator[bytes]) -> str:
    hasher = hashlib.sha256()
    for piece in pieces:
        hasher.update(piece)
    return hasher.hexdigest()
