from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

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


def test_a_draft_is_stored_without_a_copy_and_goes_where_it_is_not() -> None:
    with artefacts.draft(".npz") as place:
        place.write_bytes(b"abcdef")
        written = place.stat().st_ino
        digest = artefacts.put(place)
    with artefacts.draft(".npz") as again:
        again.write_bytes(b"abcdef")
        assert artefacts.put(again) == digest
    with pytest.raises(RuntimeError), artefacts.draft(".npz") as left:
        left.write_bytes(b"half")
        raise RuntimeError

    assert artefacts.path(digest).stat().st_ino == written
    assert not [one for one in (place, again, left) if one.exists()]


def test_other_files_beside_the_store_stay_where_they_are(root: Path) -> None:
    upload = root / "uploads" / "bundle.zip"
    upload.parent.mkdir(parents=True)
    upload.write_bytes(b"abc")

    artefacts.put(upload)

    assert upload.read_bytes() == b"abc"


def test_a_draft_of_a_writer_that_was_killed_is_swept() -> None:
    with artefacts.draft(".npz") as place:
        place.write_bytes(b"half")
        assert artefacts.discard_drafts(timezone.now() + timedelta(seconds=2)) == 1
        assert not place.exists()
