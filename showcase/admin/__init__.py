from __future__ import annotations

from showcase.admin import runs, workspaces

__all__ = ["runs", "workspaces"]
