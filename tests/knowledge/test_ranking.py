"""How passages are ranked, without a database: sums, vectors, the thesaurus, snippets, the set."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from forecastlab.knowledge import domain
from forecastlab.knowledge.domain import evaluation, fitting, ranking, snippets, thesaurus, vectors
from forecastlab.knowledge.domain.evaluation import Question, Score, SetUnusable
from forecastlab.knowledge.domain.ranking import Rankings

ROOT = Path(str(domain.__file__)).parents[3]
# Each half in its own way: of directions that weigh the same no order would be settled.
ROWS = [
    (passage, word, 1.0)
    for passage, text in enumerate(
        [
            "apple pear fruit quince",
            "apple fruit juice cider press",
            "pear fruit tree",
            "engine wheel car brake clutch lorry",
            "engine car road",
            "wheel road car",
        ]
    )
    for word in text.split()
]


def test_a_document_has_the_best_of_its_passages() -> None:
    held = [(1, 10, "docs/a.md"), (2, 10, "docs/a.md"), (3, 20, "docs/b.md")]
    rankings = Rankings(
        words={1: 1.0, 3: 0.5}, vectors={2: 1.0, 3: 0.2}, outlines={10: 1.0}, wholes={20: 0.5}
    )

    found = ranking.fused(held, rankings)

    assert list(found) == [1, 3]
    assert found[1] == pytest.approx(2.2 / 2.8)
    assert found[3] == pytest.approx((0.7 + 0.3) / 2.8)


def test_what_was_decided_once_comes_after_what_holds() -> None:
    held = [(1, 10, "docs/decisions/0001-a.md"), (2, 20, "docs/how-to/a.md")]

    found = ranking.fused(
        held, Rankings(words={1: 1.0, 2: 0.9}, vectors={}, outlines={}, wholes={})
    )

    assert list(found) == [2, 1]


def test_a_fit_is_the_same_in_any_order_and_puts_what_is_alike_together() -> None:
    shuffled = random.Random(1).sample(ROWS, len(ROWS))
    made, again = fitting.fit(ROWS), fitting.fit(shuffled)
    assert made is not None
    assert again is not None
    learnt, passages, table = made

    asked = vectors.from_bytes(learnt.as_bytes()).vector({"fruit": 1.0, "nowhere": 1.0})
    assert asked is not None
    rows, cosines = vectors.nearest(table, asked, most=3)

    assert learnt.as_bytes() == again[0].as_bytes()
    assert {passages[row] for row in rows} == {0, 1, 2}
    assert cosines == sorted(cosines, reverse=True)
    assert learnt.vector({"nowhere": 1.0}) is None


def test_what_is_laid_into_a_fit_lies_where_the_fit_has_it() -> None:
    made = fitting.fit(ROWS)
    assert made is not None
    learnt, passages, table = made
    rows = [*ROWS, (9, "fruit", 1.0), (9, "nowhere", 3.0), (8, "nowhere", 1.0)]

    laid = fitting.fold(learnt, [*passages, 9, 8], rows)

    assert laid[:-2] == pytest.approx(table, abs=1e-4)
    assert vectors.nearest(table, laid[-2], most=3)[0] != []
    assert not laid[-1].any()
    assert not fitting.has_drifted(100, 10, 10)
    assert fitting.has_drifted(100, 11, 0)
    assert fitting.has_drifted(100, 0, 11)


def test_too_little_is_not_fitted() -> None:
    assert fitting.fit([]) is None
    assert fitting.fit([(1, "apple", 1.0), (2, "apple", 1.0)]) is None


def test_the_thesaurus_goes_between_a_word_and_those_said_for_it() -> None:
    read = thesaurus.read(["# words", "bundle: archive, zip  # a comment", "", "file: zip"])

    assert read.meant["archive"] == ("bundle",)
    assert read.meant["bundle"] == ("archive", "zip")
    assert set(read.meant["zip"]) == {"bundle", "file"}
    with pytest.raises(ValueError, match="no 'word: other, words'"):
        thesaurus.read(["alone"])


def test_a_snippet_shows_where_the_words_stand_together() -> None:
    text = "Nothing here. " * 40 + "A <b>photograph</b> of damaged goods is enough."

    pieces = snippets.snippet(text, {"photograph", "damag"})

    assert pieces[0].text == "… "
    assert [piece.text for piece in pieces if piece.marked] == ["photograph", "damaged"]
    assert "<b>" in "".join(piece.text for piece in pieces)
    assert sum(len(piece.text) for piece in pieces) < 260
    assert [piece.text for piece in snippets.snippet("short", set())] == ["short"]


def test_a_snippet_of_markdown_is_what_one_reads() -> None:
    table = "| Call | `does` |\n|---|---|\n| a | see **[here](b.md#c)** |"
    text = f"## Keep\n\n{table}\n\n```sh\nls -l\n```\n"

    shown = " ".join(snippets.without_marks(text).split())

    assert shown == "Call · does a · see here ls -l"
    assert snippets.without_marks("a | b, [c] (d) <b>") == "a · b, [c] (d) <b>"


def test_hits_count_among_three_and_ranks_among_ten() -> None:
    score = Score()
    score.count(Question("a", "x.md"), ["x.md"])
    score.count(Question("b", "x.md", also=("y.md",)), ["a", "b", "c", "y.md"])
    score.count(Question("c", "x.md"), ["a"])

    told = score.told()

    assert (told["questions"], told["hit_at_3"]) == (3, 0.3333)
    assert told["mrr"] == pytest.approx((1 + 1 / 4) / 3, abs=1e-4)
    assert [one["question"] for one in told["missed"]] == ["b", "c"]


def test_every_question_of_the_sets_names_a_document_and_a_heading_that_are_there() -> None:
    sets = sorted((ROOT / "forecastlab/knowledge/domain").glob("questions_*.json"))
    asked = [one for path in sets for one in evaluation.read(path.read_text())]
    wrong = []
    for one in asked:
        lines = (ROOT / one.document).read_text().splitlines()
        headings = {line.lstrip("#").strip() for line in lines if line.startswith("#")}
        if one.heading not in {"", *headings} or not all(
            (ROOT / path).exists() for path in one.also
        ):
            wrong.append(one)

    assert len(sets) == 3
    assert len({one.question for one in asked}) == len(asked)
    assert not wrong


@pytest.mark.parametrize("content", ["{", "[]", "[1]", '[{"question": "a"}]'])
def test_what_is_no_set_is_refused(content: str) -> None:
    with pytest.raises(SetUnusable):
        evaluation.read(content)
