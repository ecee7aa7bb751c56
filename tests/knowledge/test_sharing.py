"""What an agent reads in documents is seen by all who see its dataset: so it reads only theirs."""

from __future__ import annotations

import pytest

from forecastlab.accounts.models import User
from forecastlab.knowledge.models import Document
from forecastlab.warehouse.models import Dataset
from tests.agents.factories import call, make_context
from tests.factories import make_group, make_user, make_version
from tests.knowledge.test_retrieval import put

pytestmark = pytest.mark.django_db


def titles(by: User, dataset: str) -> set[str]:
    found = call("search_knowledge", make_context(by, dataset=dataset), question="Who pays?")
    return {one["title"] for one in found.data["results"]}


def test_an_agent_tells_only_what_all_may_read_who_see_its_dataset() -> None:
    alice, owner = make_user(), make_user("olga")
    alice.groups.add(make_group("buyers"), make_group("board"))
    for name, readers in (
        ("All", ()),
        ("Buyers", ("buyers",)),
        ("Board", ("board",)),
        ("Both", ("buyers", "board")),
    ):
        put(f"# {name}\n\nWho pays? The {name.lower()} do.", readers=readers, by=alice)
    for name, groups in (("open", ()), ("bought", ("buyers",)), ("held", ("buyers", "board"))):
        make_version(name=name, by=owner).dataset.readers.set([make_group(one) for one in groups])

    assert titles(alice, "open") == titles(alice, "") == {"All"}
    # Olga sees her datasets whatever groups they name.
    assert titles(alice, "bought") == titles(alice, "held") == {"All"}
    owner.groups.add(make_group("buyers"))
    assert titles(alice, "bought") == {"All", "Buyers", "Both"}
    assert titles(alice, "held") == {"All", "Both"}
    Document.objects.filter(title="All").delete()
    Dataset.objects.filter(name="open").update(created_by=alice)
    assert titles(alice, "open") == set()
