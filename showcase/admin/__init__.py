from __future__ import annotations

from showcase.admin import bundles, runs, workspaces

__all__ = ["bundles", "runs", "workspaces"]
