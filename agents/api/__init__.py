from __future__ import annotations

from ninja import Router

from agents.api import approvals, sessions

router = Router()
router.add_router("", approvals.router)
router.add_router("", sessions.router)
