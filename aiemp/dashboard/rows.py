"""What others bring for the dashboard to show. Pure."""

from __future__ import annotations

from datetime import datetime

from aiemp.frozen import frozen


@frozen
class HealthRow:
    """How one component is: its name in whatever spelling, and the text to show. ``checked``: when that was
    found out, on the wall clock; None: just now."""

    component: str
    status: str
    checked: datetime | None = None
