from __future__ import annotations

from ninja import Router

from showcase.api import bundles, comparison, imports, replays, runs, workspaces

router = Router()
# Before those that read a workspace by its name.
router.add_router("", comparison.router)
router.add_router("", imports.router)
router.add_router("", runs.router)
router.add_router("", bundles.router)
router.add_router("", replays.router)
router.add_router("", workspaces.router)
