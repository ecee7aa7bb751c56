from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

OURS = [one for one in apps.get_models() if one._meta.app_config.name in settings.OUR_APPS]
# What Django makes of `entry`, `series`, `batch` and the like by adding an s.
MADE_UP = re.compile(r"(?:[^aeiou]ys|(?:s|x|z|ch|sh)s)$")


@pytest.mark.parametrize("model", OURS, ids=lambda one: one.__name__)
def test_several_of_a_model_are_called_as_people_call_them(model: type[models.Model]) -> None:
    assert not MADE_UP.search(str(model._meta.verbose_name_plural))
