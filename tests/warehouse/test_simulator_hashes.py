"""The same config draws the same bytes, on whatever processor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.warehouse.golden import GOLDEN, found

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", GOLDEN)
def test_a_preset_has_its_golden_hash(name: str) -> None:
    assert found(name) == GOLDEN[name]


def features_beyond_the_baseline() -> list[str]:
    """Return what numpy's loops make use of on this machine and can do without."""
    told = np.show_config(mode="dicts")
    return list(told["SIMD Extensions"]["found"]) if told else []


@pytest.mark.slow
def test_the_hashes_do_not_depend_on_the_processor() -> None:
    features = features_beyond_the_baseline()
    plain = {**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(features)}
    # glibc picks its exponentials and logarithms by processor as well.
    plain["GLIBC_TUNABLES"] = "glibc.cpu.hwcaps=-AVX512F,-AVX2,-FMA,-FMA4"

    told = subprocess.run(
        [sys.executable, "-m", "tests.warehouse.golden"],
        env=plain,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert features
    assert {name: tuple(one) for name, one in json.loads(told.stdout).items()} == GOLDEN
