"""Claude Code: finding it, running it once under supervision, and understanding what it refuses."""

from aiemp.claude.invocation import DEFAULT_SETTINGS, claude_argv, find_claude, invoke_claude

__all__ = ["DEFAULT_SETTINGS", "claude_argv", "find_claude", "invoke_claude"]
