"""The hashes that presets have had since they were written: `python -m tests.warehouse.golden`
prints what they are here and now, outside any test.
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import date

from django.conf import settings

from forecastlab.warehouse.domain.simulator import config as configs
from forecastlab.warehouse.domain.simulator.config import Config
from forecastlab.warehouse.domain.simulator.presets import GENERATORS, PRESETS
from forecastlab.warehouse.gateways import drawing, workplace

EVERYTHING = "holiday_rush and every generator"
# Name -> content hash, rows, series.
GOLDEN = {
    "demo_minimal": (
        "5348c0c449c4a2619d90d6e7ca0d139aa8b5e9433282d970fece5517ce8d2680",
        2760,
        30,
    ),
    "showcase_rich": (
        "170b2e49996b467645d508e56bebf857c7d2f7b72966d8399cda8101164c8dfc",
        13575,
        75,
    ),
    "retail_standard": (
        "c9a75b531959a5066f5148d6ccbc555081b5e872914757e07752fc3e2979957a",
        183000,
        500,
    ),
    "holiday_rush": (
        "4f510cbe884e615b411961b2f74c5ee36dc9f6d950e450f407795fb3c7e23671",
        46000,
        500,
    ),
    "high_variance": (
        "0e5e86a541b178ab3531c117590fc52609d530554e7fbaef6fdf806cb1b1c764",
        183000,
        500,
    ),
    "stockout_heavy": (
        "fc1c022975bdb7e96fd7e9e94b44d53c6b02d605063a730e2ded819ec812fc4c",
        183000,
        500,
    ),
    "new_launches": (
        "f6b5df56da26b436d0d5034d63655359d5e3895e24707ed3759ecb2c6fb05225",
        237820,
        1000,
    ),
    "sparse": (
        "aeb3b43d062900969cbfd68908010f3240dd4ed03b01e030faee5a971c03095b",
        86928,
        250,
    ),
    EVERYTHING: (
        "f894d9c01466d09f83453594386db1113160387515780210944801e07a990a0b",
        45090,
        500,
    ),
}


def config_of(name: str) -> Config:
    preset, enabled = (name, ()) if name in PRESETS else ("holiday_rush", tuple(GENERATORS))
    return configs.build(preset, seed=42, as_of=date(2026, 11, 21), enabled=enabled)


def found(name: str) -> tuple[str, int, int]:
    place = workplace.begin()
    try:
        staged = drawing.draw(config_of(name), place, lambda _done: None)
    finally:
        place.discard()
    return staged.content_hash, staged.rows, staged.series


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        settings.configure(UPLOAD_ROOT=folder)
        sys.stdout.write(json.dumps({name: found(name) for name in [*PRESETS, EVERYTHING]}))
