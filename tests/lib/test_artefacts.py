from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from forecastlab.lib import artefacts


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Path) -> Path:
    settings.ARTEFACT_ROOT = tmp_path / "store"
    return Path(settings.ARTEFACT_ROOT)


def test_bytes_are_found_under_their_own_digest(root: Path, tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"abc")

    digest = artefacts.put(b"abc")

    assert digest == hashlib.sha256(b"abc").hexdigest()
    assert artefacts.put(tmp_path / "model") == digest
    assert artefacts.path(digest).read_bytes() == b"abc"
    with artefacts.open(digest) as stream:
        assert stream.read() == b"abc"
    assert len([one for one in root.rglob("*") if one.is_file()]) == 1


def test_changed_bytes_are_noticed(root: Path) -> None:
    digest = artefacts.put(b"abc")
    artefacts.path(digest).write_bytes(b"abd")

    with pytest.raises(artefacts.ArtefactChanged, match=digest):
        artefacts.verify(digest)


def test_bytes_that_change_after_they_were_checked_are_noticed(root: Path) -> None:
    digest = artefacts.put(b"abc")
    kept = artefacts.path_checked_once(digest)
    assert artefacts.path_checked_once(digest).read_bytes() == b"abc"
    kept.write_bytes(b"abcd")

    with pytest.raises(artefacts.ArtefactChanged, match=digest):
        artefacts.path_checked_once(digest)


def test_missing_bytes_are_named() -> None:
    with pytest.raises(artefacts.ArtefactMissing, match="0000"):
        artefacts.open("0" * 64)


def test_a_failed_write_leaves_no_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("os.fsync", full)

    with pytest.raises(OSError, match="No space"):
        artefacts.put(b"abc")

    assert not [one for one in root.rglob("*") if one.is_file()]
