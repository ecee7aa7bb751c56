"""What forecasts a new product: its group, not a model of the zoo."""

from __future__ import annotations

NAME = "new"
TITLE = "New: by its group"
