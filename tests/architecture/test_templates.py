"""Every template compiles; partials are parts; nothing is inline that the CSP would refuse."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.template import engines

from tests.architecture import sources

INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|\sstyle=|\son[a-z]{3,}=", re.I
)
GET_FORM = re.compile(r'<form(?![^>]*method="post").*?</form>', re.S)
TOKEN_FIELD = re.compile(r"{%\s*csrf_(token|field)\s*%}")
EACH = pytest.mark.parametrize("file", sources.templates(), ids=sources.named)


@EACH
def test_template_compiles(file: Path) -> None:
    engines["django"].get_template(str(file.relative_to(sources.BASE_DIR / "templates")))


@EACH
def test_partial_holds_no_page(file: Path) -> None:
    is_part = file.name.startswith("_") or "components" in file.parts

    assert not (is_part and "<html" in file.read_text())


@EACH
def test_no_script_or_style_is_inline(file: Path) -> None:
    assert INLINE.findall(file.read_text()) == []


@EACH
def test_no_form_puts_its_token_into_an_address(file: Path) -> None:
    text = file.read_text()

    assert not any(TOKEN_FIELD.search(one) for one in GET_FORM.findall(text))
    assert 'formmethod="get"' not in text
