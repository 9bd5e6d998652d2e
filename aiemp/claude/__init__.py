"""Claude Code: finding it, running it once under supervision, and understanding what it says and refuses."""

from aiemp.claude.invocation import DEFAULT_SETTINGS, invoke_claude
from aiemp.claude.preflight import find_claude

__all__ = ["DEFAULT_SETTINGS", "find_claude", "invoke_claude"]
