"""What Claude was used for today, and what holds it back, for the commands that show it. Pure."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from aiemp.claude.budget import Spent, in_words, why_blocked
from aiemp.claude.pause import Pause
from aiemp.cli.screen import Screen, visible
from aiemp.cli.task_facts import json_moment
from aiemp.frozen import frozen
from aiemp.plan import ClaudeSettings

NOTHING = Spent()


@frozen
class ClaudeUse:
    """``spent`` includes a run that is on; ``pause`` is None when none holds."""

    spent: Spent = NOTHING
    pause: Pause | None = None

    def is_held_back(self, settings: ClaudeSettings) -> bool:
        return self.pause is not None or why_blocked(settings, self.spent) is not None

    def text(self, settings: ClaudeSettings, zone: tzinfo) -> str:
        """``3 of 24 runs, 41 of 240 min, $1.20 of $5.00 today; paused until …``."""
        paused = f"; {self.pause.in_words(zone)}" if self.pause else ""
        return f"{in_words(self.spent, settings)} today{paused}"

    def as_json(self, settings: ClaudeSettings) -> dict[str, Any]:
        cost = self.spent.cost_usd
        return {
            "runs_today": self.spent.runs,
            "minutes_today": round(self.spent.minutes, 1),
            "cost_today": None if cost is None else round(cost, 4),
            "over_budget": why_blocked(settings, self.spent) or "",
            **pause_json(self.pause),
        }


def pause_json(pause: Pause | None) -> dict[str, Any]:
    """The pause as the commands that show it have it."""
    return {
        "paused": pause is not None,
        "paused_until": json_moment(pause.until) if pause else None,
        "pause_reason": (pause.problem or pause.reason) if pause else "",
    }


def pause_lines(pause: Pause | None, zone: tzinfo, screen: Screen) -> list[str]:
    """A line for those who wonder why nothing runs; none when there is no pause."""
    if pause is None:
        return []
    text = f"Claude is {pause.in_words(zone)}; what needs it waits (end that: aiemp resume)"
    return [screen.paint(visible(text), "warn")]
