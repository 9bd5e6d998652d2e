"""Calls of a scripted Claude, and the events that it prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aiemp.claude import invoke_claude
from tests.fakes.claude import FakeClaude


def events(*values: dict[str, object]) -> tuple[str, str]:
    """The step that prints these events as Claude Code does."""
    return ("say", "".join(json.dumps(value) + "\n" for value in values))


INIT = {
    "type": "system",
    "subtype": "init",
    "claude_code_version": "2.1.197",
    "model": "m",
    "session_id": "s1",
}


def result(text: str = "All done.", **more: object) -> dict[str, object]:
    """A ``result`` event."""
    plain = {"type": "result", "subtype": "success", "is_error": False, "result": text, "session_id": "s1"}
    return {**plain, "num_turns": 3, "total_cost_usd": 0.25, **more}


def says(text: str) -> dict[str, object]:
    """An ``assistant`` event."""
    return {"type": "assistant", "message": {"content": [{"type": "text", "text": text}]}}


def invoke(fake: FakeClaude, vault: Path, prompt: str = "Do it.", **options: Any) -> dict[str, object]:
    environ = {**fake.environ, **options.pop("environ", {})}
    return invoke_claude(prompt, vault, environ=environ, **options)
