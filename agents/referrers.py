from __future__ import annotations

from agents.queries import session_holders
from forecastlab.lib.contributions import Referrer

SESSIONS = Referrer("sessions of agents", session_holders.holders)
