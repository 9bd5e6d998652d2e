"""What ``aiemp init`` tells at its end: what was made, what was adopted, what to switch off, what is next."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiemp.call import Call
from aiemp.cli.screen import Screen, visible
from aiemp.frozen import field, frozen

if TYPE_CHECKING:
    from aiemp.predecessors import Predecessor


MOST_NAMES = 8


@frozen
class Initialised:
    """What was made, what was there, and what this vault brings along.

    ``other_vault`` is what an existing configuration names instead of this vault; "" when it names none.
    ``last_runs`` are those that its state file knows: name, when in words, whether a task has that name.
    ``can_install``: there is a systemd for units. ``call``: the configuration that was named.
    """

    vault: Path
    created: tuple[Path, ...]
    kept: tuple[Path, ...]
    config_file: Path
    config_created: bool
    other_vault: str | None
    watchers: tuple[str, ...]
    last_runs: tuple[tuple[str, str, bool], ...]
    warnings: tuple[str, ...]
    layout: tuple[str, ...] = ()
    mcp_servers: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    predecessors: tuple[Predecessor, ...] = ()
    can_install: bool = False
    is_running: bool = False
    call: Call = field(default_factory=Call)
    exit_code: int = 0

    @property
    def advice(self) -> str:
        """What to do before the configuration means this vault; "" when it does."""
        if self.other_vault is None:
            return ""
        from aiemp.config.toml_values import toml_text

        said = f"names {self.other_vault}" if self.other_vault else "names no vault"
        line = f"vault = {toml_text(str(self.vault))}"
        return f"{self.config_file} {said}. To use this one, aiemp config edit, and write: {line}"

    def as_json(self) -> dict[str, Any]:
        return {
            "vault": str(self.vault),
            "created": [str(path) for path in self.created],
            "kept": [str(path) for path in self.kept],
            "layout": list(self.layout),
            "config_file": str(self.config_file),
            "config_created": self.config_created,
            "watchers": list(self.watchers),
            "watchers_off": list(self.disabled),
            "mcp_servers": list(self.mcp_servers),
            "imported_last_runs": [name for name, _, is_task in self.last_runs if is_task],
            "predecessors": [
                {
                    "kind": found.kind,
                    "where": found.where,
                    "what": found.what,
                    "remedy": found.remedy,
                    "note": found.note,
                }
                for found in self.predecessors
            ],
            "advice": self.advice,
            "warnings": list(self.warnings),
        }

    def as_text(self, screen: Screen) -> str:
        return "\n".join([*self._vault(screen), *self._config(screen), *self._rest(screen)])

    def _vault(self, screen: Screen) -> Iterator[str]:
        yield f"vault  {screen.paint(visible(str(self.vault)), 'strong')}"
        yield _made(self.created, self.vault)
        if self.kept:
            yield f"  kept     {len(self.kept)} files and folders that were there"
        if self.layout:
            yield f"  layout   as it is: {visible('; '.join(self.layout))}"
        if self.watchers:
            yield f"  adopted  the vault's own watchers: {', '.join(self.watchers)}"
        if self.mcp_servers:
            yield f"  adopted  the MCP servers of .mcp.json: {', '.join(self.mcp_servers)}"
        for what, is_task in (("imported when they last ran", True), ("unknown here, and ignored", False)):
            runs = ", ".join(f"{name} ({when})" for name, when, has in self.last_runs if has is is_task)
            if runs:
                yield f"  {what}: {visible(runs)}"

    def _config(self, screen: Screen) -> Iterator[str]:
        yield f"config {screen.paint(visible(str(self.config_file)), 'strong')}"
        yield f"  {'created' if self.config_created else 'kept as it is'}"
        if self.disabled and self.config_created:
            yield f"  switched off: the watchers {', '.join(self.disabled)}"

    def _rest(self, screen: Screen) -> Iterator[str]:
        yield from (f"warning: {visible(warning)}" for warning in self.warnings)
        running = [found for found in self.predecessors if found.remedy]
        if running:
            head = "To be switched off, or everything happens twice; this is for you to do:"
            yield screen.paint(head, "warn")
        for found in running:
            yield f"  {found.kind}: {visible(found.where)}: {visible(found.what)}"
            yield screen.paint(f"    {visible(found.remedy)}", "strong")
        idle = [found for found in self.predecessors if not found.remedy]
        if idle:
            yield "Found, and not running:"
        for found in idle:
            yield f"  {found.kind}: {visible(found.where)} ({visible(found.what)})"
            yield f"    {visible(found.note)}"
        if self.advice:
            yield screen.paint(visible(self.advice), "warn")
            yield f"Or, for once: {Call(self.call.config, self.vault).pasted('aiemp run')}"
        elif self.is_running:
            yield self.call.pasted("aiemp runs already; `aiemp status` shows how it is.")
        elif self.can_install:
            yield self.call.pasted("Next: aiemp install-units --now, or in the foreground: aiemp run")
        else:
            yield self.call.pasted("Next: aiemp run")


def _made(paths: tuple[Path, ...], vault: Path) -> str:
    """What was made, by the names in the vault's root; of a new vault only what is there to be read."""
    if not paths:
        return "  created  nothing; the vault is complete"
    names = dict.fromkeys(path.relative_to(vault).parts[0] for path in paths if path != vault)
    made = f"  created  {len(paths)} files and folders"
    if len(names) <= MOST_NAMES:
        return f"{made}: {', '.join(names)}"
    texts = [name for name in names if name.endswith(".md")]
    return f"{made}, among them {', '.join(texts)}" if texts else made
