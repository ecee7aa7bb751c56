"""What tests of documents share."""

from __future__ import annotations

from tests.warehouse.conftest import worker

__all__ = ["worker"]
