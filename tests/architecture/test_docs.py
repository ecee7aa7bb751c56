"""What can be named is in the documents: commands, settings, pipeline rows."""

from __future__ import annotations

import re

import pytest

from forecastlab.lib import registry
from forecastlab.lib.contributions import PipelineStep
from tests.architecture import sources

SETTING = re.compile(r"[\"'](FORECASTLAB_[A-Z_]+)[\"']")
NOT_FROM_OUTSIDE = {"FORECASTLAB_EMBEDDED"}


def _documents() -> str:
    files = [*(sources.BASE_DIR / "docs").rglob("*.md"), *sources.BASE_DIR.glob("*.md")]
    return "\n".join(file.read_text() for file in files)


def _commands() -> list[str]:
    found = [
        file
        for root in sources.CODE
        for file in (sources.BASE_DIR / root).rglob("management/commands/*.py")
    ]
    return sorted(file.stem for file in found if not file.stem.startswith("_"))


@pytest.mark.parametrize("name", _commands())
def test_command_is_documented(name: str) -> None:
    assert f"`{name}" in _documents() or f"manage.py {name}" in _documents()


def test_every_setting_of_the_environment_is_documented() -> None:
    text = _documents()
    named = {name for file in sources.python_files() for name in SETTING.findall(file.read_text())}
    shell = (sources.BASE_DIR / "scripts").glob("*")
    named |= {
        name for file in shell for name in re.findall(r"\$\{(FORECASTLAB_\w+)", file.read_text())
    }

    assert not {name for name in named - NOT_FROM_OUTSIDE if name not in text}


def test_every_row_of_the_pipeline_is_documented() -> None:
    rows = [step.name for _, step in registry.contributed("pipeline_steps", PipelineStep)]

    assert not [name for name in rows if f"`{name}`" not in _documents()]


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{sources.named(file)}: {target}"
        for file in [*(sources.BASE_DIR / "docs").rglob("*.md"), *sources.BASE_DIR.glob("*.md")]
        for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", file.read_text())
        if not (file.parent / target).exists()
    ]

    assert not broken
