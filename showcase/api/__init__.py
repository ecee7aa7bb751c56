from __future__ import annotations

from ninja import Router

from showcase.api import runs

router = Router()
router.add_router("", runs.router)
