"""A site with one live page, to try the transports of live pages in a real browser.

It is its own settings module: ours, with another URL table and a stream of its own.
"""

from __future__ import annotations

from forecastlab.settings import *  # noqa: F403

ROOT_URLCONF = "tests.browser.live_site_urls"
INSTALLED_APPS = [*INSTALLED_APPS, "tests.browser.live_app"]  # noqa: F405
