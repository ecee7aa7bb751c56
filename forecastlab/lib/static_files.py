"""Where static files are served from."""

from __future__ import annotations

from django.contrib.staticfiles.storage import StaticFilesStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage


class HouseStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Names with a hash once `collectstatic` has run, plain names before (tests, a fresh clone)."""

    def url(self, name: str | None, force: bool = False) -> str:  # noqa: FBT001, FBT002
        if self.hashed_files:
            return str(super().url(name, force))
        return str(StaticFilesStorage.url(self, name))
