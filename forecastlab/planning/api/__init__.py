from __future__ import annotations

from ninja import Router

from forecastlab.planning.api import overrides, plans

router = Router()
router.add_router("", plans.router)
router.add_router("", overrides.router)
