"""The words that Claude Code is called with, and which of them an older one refuses. Pure.

The first form shows its work while it goes on, so that progress and silence can be told apart. A Claude Code
that does not know an option says so and ends within a second, before anything is asked of the API: so the next
form is tried then, down to the plain ``--print``, which prints nothing before its answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from aiemp.frozen import frozen

STREAM = ("--output-format", "stream-json", "--verbose")
"""Events as JSON lines. In ``--print`` mode Claude Code wants ``--verbose`` with it."""

PARTIAL = "--include-partial-messages"
"""Writing a long file is one message of several minutes. Without its parts that would look like silence."""

_REFUSED = re.compile(
    r"(unknown|unrecognized) option ['‘\"]?--(output-format|verbose|include-partial-messages)"
    r"|--output-format .*is invalid|Invalid .*output.format",
    re.IGNORECASE,
)


@frozen
class OutputForm:
    """Options that decide what is printed: whether as events, and whether while Claude works."""

    options: tuple[str, ...] = ()
    streams: bool = False
    prints_events: bool = False


PLAIN = OutputForm()


def output_forms(args: Sequence[str]) -> tuple[OutputForm, ...]:
    """The forms to be tried, the best first. ``args`` of the user's that choose one leave no choice."""
    chosen = _chosen_format(args)
    if chosen is not None:
        streams = chosen == "stream-json"
        return (OutputForm(streams=streams, prints_events=streams or chosen == "json"),)
    options = ((*STREAM, PARTIAL), STREAM)
    return (*(OutputForm(each, streams=True, prints_events=True) for each in options), PLAIN)


def claude_words(program: str, args: Sequence[str], form: OutputForm, prompt: str) -> list[str]:
    """``[program, *args, *options, "--print", prompt]``; with ``--`` before a prompt like an option."""
    end_of_options = ["--"] if prompt.startswith("-") else []
    return [program, *args, *form.options, "--print", *end_of_options, prompt]


def is_refused_option(text: str) -> bool:
    """Whether ``text``, what a failed call printed, says that it does not know an option of ours."""
    return _REFUSED.search(text) is not None


def _chosen_format(args: Sequence[str]) -> str | None:
    for number, word in enumerate(args):
        if word.startswith("--output-format="):
            return word.partition("=")[2]
        if word == "--output-format":
            return args[number + 1] if number + 1 < len(args) else ""
    return None
