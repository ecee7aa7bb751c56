from __future__ import annotations

import stat
from pathlib import Path

import pytest

from forecastlab.lib import files


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(b"old")

    files.write_whole(path, b"new", mode=0o600)

    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_put_in_place_leaves_no_draft(tmp_path: Path) -> None:
    folder = tmp_path / "taken"
    folder.mkdir()

    with pytest.raises(IsADirectoryError):
        files.write_whole(folder, b"new")

    assert list(tmp_path.iterdir()) == [folder]
