"""How an MCP server is, and in what words the dashboard, ``aiemp status`` and doctor say so. Pure."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from aiemp.frozen import frozen


class State(Enum):
    """The states of a server; the values are what ``--json`` shows and the results file keeps."""

    AVAILABLE = "available"  # it answered; or its entry file is there, and nobody has tried
    CONFIGURED = "configured"  # nothing can be said: another machine's, or a program on PATH, not tried
    NEW = "new"  # the vault has named it since its owner last looked: not started
    NOT_CONFIGURED = "not configured"  # a variable that it needs is not set
    NOT_BUILT = "not built"  # its source is there, what is started is not
    MISSING = "missing"  # its program or its entry file is not there
    HANGS = "hangs"  # started, and gave no answer in time
    DIED = "died"  # ended without an answer
    RUBBISH = "rubbish"  # printed something that is no answer
    REFUSED = "refused"  # answered with an error
    UNREACHABLE = "unreachable"  # nobody listens at its address
    DISABLED = "disabled"  # Claude Code's settings of the vault say so: not started


SIGNS = {
    State.AVAILABLE: "🟢 Available",
    State.CONFIGURED: "🟢 Configured",
    State.NEW: "🟡 New, not tried",
    State.NOT_CONFIGURED: "⚪ Not configured",
    State.NOT_BUILT: "🟠 Not built",
    State.MISSING: "🔴 Missing",
    State.HANGS: "🔴 Hangs",
    State.DIED: "🔴 Died",
    State.RUBBISH: "🔴 Rubbish",
    State.REFUSED: "🔴 Refused",
    State.UNREACHABLE: "🔴 Unreachable",
    State.DISABLED: "⚪ Disabled",
}
"""The words of the dashboard's health table; vaults know "Available" from their own health checks."""

MCP_TROUBLES = {
    State.NOT_BUILT: "is not built",
    State.MISSING: "is missing",
    State.HANGS: "hangs",
    State.DIED: "died",
    State.RUBBISH: "gives no answer that makes sense",
    State.REFUSED: "answers with an error",
    State.UNREACHABLE: "is not reachable",
}
"""What is wrong, as the end of a sentence that begins with the server."""

WELL = frozenset({State.AVAILABLE, State.CONFIGURED, State.NEW, State.NOT_CONFIGURED, State.DISABLED})
"""None of these is an error, as with watchers: what is not configured is simply not used."""


@frozen
class Verdict:
    """How one server is. ``detail`` says why it is not well, or what else its owner should know.

    ``server`` and ``version`` are what it calls itself. ``answered_ms``: how long it took from its start to
    its answer. ``checked``: when it was tried; None when it was judged by its files alone.
    """

    state: State
    detail: str = ""
    server: str = ""
    version: str = ""
    answered_ms: int | None = None
    checked: datetime | None = None

    @property
    def is_well(self) -> bool:
        return self.state in WELL

    @property
    def more(self) -> str:
        """What there is to tell beside the state: ``email-mcp 1.2.0, 140 ms``."""
        told = [f"{self.server} {self.version}".strip(), f"{self.answered_ms} ms", self.detail]
        if self.answered_ms is None:
            told[1] = ""
        return ", ".join(part for part in told if part)

    @property
    def shown(self) -> str:
        """For the health table: ``🟢 Available (email-mcp 1.2.0, 140 ms)``."""
        return f"{SIGNS[self.state]} ({self.more})" if self.more else SIGNS[self.state]

    @property
    def words(self) -> str:
        """For a line of text: ``available (email-mcp 1.2.0, 140 ms)``."""
        return f"{self.state.value} ({self.more})" if self.more else self.state.value
