from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model


@pytest.mark.django_db
def test_a_user_is_a_person_by_default() -> None:
    user = get_user_model().objects.create(username="alice")

    assert user.kind == "person"
