"""The contracts of the import linter know every app and every module behind a front door."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

from tests.architecture import sources

FRONT = {"__init__", "apps", "services", "queries", "models", "domain", "migrations"}


def _contracts() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(sources.BASE_DIR / ".importlinter")
    return parser


def _module(folder: Path) -> str:
    return sources.named(folder).replace("/", ".")


def _listed(section: str, key: str) -> set[str]:
    return set(_contracts()[f"importlinter:contract:{section}"][key].split())


@pytest.mark.parametrize("app", sources.APPS, ids=lambda app: app.name)
def test_app_stands_in_every_contract(app: Path) -> None:
    name = _module(app)

    assert name in _listed("tiers", "layers")
    assert name in _listed("storeys", "containers")
    assert name in _listed("lib", "forbidden_modules")
    assert name in _listed("acyclic", "ancestors")


@pytest.mark.parametrize("app", sources.APPS, ids=lambda app: app.name)
def test_everything_behind_the_front_door_is_protected(app: Path) -> None:
    inside = {
        one.stem for one in app.iterdir() if one.suffix == ".py" or (one / "__init__.py").exists()
    }

    listed = _listed(f"front-door-{app.name}", "protected_modules")

    assert {f"{_module(app)}.{name}" for name in inside - FRONT} == listed


@pytest.mark.parametrize("app", sources.APPS, ids=lambda app: app.name)
def test_domain_is_checked_for_purity(app: Path) -> None:
    assert not (app / "domain").is_dir() or f"{_module(app)}.domain" in _listed(
        "pure-domain", "source_modules"
    )
