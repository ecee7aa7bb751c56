"""Where static files are served from."""

from __future__ import annotations

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, StaticFilesStorage


class HouseStaticFilesStorage(ManifestStaticFilesStorage):
    """Names with a hash once `collectstatic` has run, plain names before (tests, a fresh clone).

    Not WhiteNoise's compressing storage: that took a minute of the first start. A proxy compresses.
    """

    def url(self, name: str | None, force: bool = False) -> str:  # noqa: FBT001, FBT002
        if self.hashed_files:
            return super().url(name or "", force)
        return StaticFilesStorage.url(self, name)
