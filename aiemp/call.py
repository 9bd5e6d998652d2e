"""The configuration and the vault that a call of ``aiemp`` named, for the command lines that it tells of. Pure.

A remedy is there to be pasted. Where ``--config`` or ``--vault`` said which employee is meant, the same line without
them is about another one, so they are written into it.
"""

from __future__ import annotations

import re
import shlex
from functools import cached_property
from pathlib import Path

from aiemp.frozen import frozen

COMMANDS = (
    "init run status doctor bugreport explain list check trigger pause resume enable disable watch history logs config "
    "render install-units uninstall-units pm2-config completion alert"
)
"""What may follow the program's name; those of the command line, which nothing but itself imports."""


@frozen
class Call:
    """``config`` and ``vault``: what the options named, as absolute paths; None where they were not given."""

    config: Path | None = None
    vault: Path | None = None

    def pasted(self, text: str) -> str:
        """``text``, each ``aiemp COMMAND`` in it with the options that this call was given."""
        if self.config is None and self.vault is None:
            return text
        return self._commands.sub(self._named, text)

    @cached_property
    def _commands(self) -> re.Pattern[str]:
        # Neither a path (/opt/bin/aiemp, which install_line writes with its own options) nor part of a word.
        names = COMMANDS.replace(" ", "|")
        return re.compile(rf"(?<![\w./-])aiemp (?P<command>{names})(?![\w-])(?P<folder>(?= ['~/]))?")

    def _named(self, match: re.Match[str]) -> str:
        options = [] if self.config is None else ["--config", str(self.config)]
        # `aiemp init DIR` names its vault already.
        names_folder = match["command"] == "init" and match["folder"] is not None
        if self.vault is not None and not names_folder:
            options += ["--vault", str(self.vault)]
        return shlex.join(["aiemp", *options, match["command"]])
