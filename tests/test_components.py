"""Components render with their inputs alone, as `only` gives them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.template import Context, RequestContext, Template, engines
from django.template.loader import get_template
from django.test import RequestFactory

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
COMPONENTS = sorted((TEMPLATES / "components").glob("*.html"))


def _render(text: str, **variables: object) -> str:
    template = Template("{% load house %}" + text)
    return template.render(Context(variables)).strip()


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.stem)
def test_every_component_says_what_it_takes(path: Path) -> None:
    text = path.read_text()

    get_template(f"components/{path.name}")
    assert "{% comment %}" in text or "{#" in text


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.stem)
def test_every_component_stands_in_the_documentation(path: Path) -> None:
    listed = (TEMPLATES.parent / "docs" / "how-to" / "components.md").read_text()

    assert f"`{path.stem}`" in listed


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.stem)
def test_no_template_holds_what_the_content_policy_refuses(path: Path) -> None:
    text = path.read_text()

    assert " style=" not in text
    assert " onclick=" not in text
    assert "<script>" not in text


def test_a_status_is_icon_and_word() -> None:
    html = _render('{% include "components/status.html" with status="succeeded" only %}')

    assert "circle-check" in html
    assert "Done" in html


def test_a_bar_takes_its_width_without_a_style() -> None:
    rows = [{"name": "Mean", "share": 0.5, "value": "29.8 %"}]

    html = _render('{% include "components/ranked_bars.html" with rows=rows only %}', rows=rows)

    assert 'width="50.00%"' in html


def test_a_time_is_written_in_utc_for_the_browser_to_localise() -> None:
    html = _render('{% time_tag at "seconds" %}', at=datetime(2026, 11, 20, 14, 32, 6, tzinfo=UTC))

    assert 'datetime="2026-11-20T14:32:06Z"' in html
    assert ">14:32:06<" in html


def test_a_step_under_way_has_a_duration_that_the_browser_counts_on() -> None:
    since = datetime(2026, 11, 20, 14, 32, tzinfo=UTC)
    include = (
        '{% include "components/step.html" with status="running" took="3 s" since=since only %}'
    )

    html = _render(include, since=since)

    assert '<time datetime="2026-11-20T14:32:00+00:00" data-as="elapsed">3 s</time>' in html


def test_text_from_outside_is_escaped_in_a_chart() -> None:
    chart = {"t": ["2026-11-20"], "actual": [1], "words": {"actual": "</script><b>"}}

    html = _render('{% include "components/chart.html" with id="c" chart=c only %}', c=chart)

    assert "</script><b>" not in html


def test_the_form_of_a_dialog_carries_its_csrf_token() -> None:
    request = RequestFactory().get("/")
    text = '{% include "components/confirm.html" with id="a" label="Stop" action="/x" only %}'

    html = engines["django"].from_string(text).template.render(RequestContext(request))

    assert 'name="csrfmiddlewaretoken" value="' in html


def test_sorting_keeps_the_other_parameters_and_starts_at_page_one() -> None:
    request = RequestFactory().get("/runs?dataset=fresh&page=3&sort=name")
    text = '{% include "components/table_head.html" with columns=c sort="name" only %}'
    columns = [{"label": "Run", "key": "name"}]

    html = (
        engines["django"].from_string(text).template.render(RequestContext(request, {"c": columns}))
    )

    assert "?dataset=fresh&amp;sort=-name" in html
    assert 'aria-sort="ascending"' in html
