"""Claude Code: finding it, running it once under supervision, and understanding what it says and refuses.

What is imported from here is loaded when it is asked for: to see whether Claude is paused, or where it is, one
needs nothing of what runs it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiemp.claude.invocation import DEFAULT_SETTINGS, invoke_claude
    from aiemp.claude.preflight import find_claude

__all__ = ["DEFAULT_SETTINGS", "find_claude", "invoke_claude"]

_MODULES = {"DEFAULT_SETTINGS": "invocation", "invoke_claude": "invocation", "find_claude": "preflight"}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
