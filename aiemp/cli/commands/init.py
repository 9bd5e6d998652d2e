"""``aiemp init``: a vault, and a configuration that names it. Never overwrites anything."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from aiemp.cli.command import command
from aiemp.cli.invocation import Invocation
from aiemp.cli.screen import Screen
from aiemp.plan import Origin

if TYPE_CHECKING:
    from aiemp.plan import Plan
    from aiemp.vault.scaffold import Scaffold

NEW_VAULT = Path("vault")
PRIVATE_FILE = 0o600


@dataclass(frozen=True, slots=True)
class Initialised:
    """What was made, what was there, and what this vault brings along.

    ``other_vault`` is what an existing configuration names instead of this vault; "" when it names none.
    """

    vault: Path
    created: tuple[Path, ...]
    kept: tuple[Path, ...]
    config_file: Path
    config_created: bool
    other_vault: str | None
    watchers: tuple[str, ...]
    imported: tuple[str, ...]
    warnings: tuple[str, ...]
    exit_code: int = 0

    @property
    def advice(self) -> str:
        """What to do before the configuration means this vault; "" when it does."""
        if self.other_vault is None:
            return ""
        from aiemp.config.template import toml_text

        said = f"names {self.other_vault}" if self.other_vault else "names no vault"
        return f"{self.config_file} {said}. To use this one, write: vault = {toml_text(str(self.vault))}"

    def as_json(self) -> dict[str, Any]:
        return {
            "vault": str(self.vault),
            "created": [str(path) for path in self.created],
            "kept": [str(path) for path in self.kept],
            "config_file": str(self.config_file),
            "config_created": self.config_created,
            "watchers": list(self.watchers),
            "imported_last_runs": list(self.imported),
            "advice": self.advice,
            "warnings": list(self.warnings),
        }

    def as_text(self, screen: Screen) -> str:
        lines = [
            f"vault  {screen.paint(str(self.vault), 'strong')}",
            _made(self.created, self.vault),
            f"  kept     {len(self.kept)} files and folders that were there",
            f"config {screen.paint(str(self.config_file), 'strong')}",
            f"  {'created' if self.config_created else 'kept as it is'}",
        ]
        if self.watchers:
            lines.append(f"  adopted  the vault's own watchers: {', '.join(self.watchers)}")
        if self.imported:
            lines.append(f"  imported when they last ran: {', '.join(self.imported)}")
        lines += [f"warning: {warning}" for warning in self.warnings]
        if self.advice:
            lines += [
                screen.paint(self.advice, "warn"),
                f"Or, for once: aiemp --vault {quote(str(self.vault))} run",
            ]
        else:
            lines.append("Next: aiemp run")
        return "\n".join(lines)


@command("init")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
def init(invocation: Invocation, folder: Path | None) -> Initialised:
    """Make a vault and its configuration.

    DIR gets the folders, Dashboard.md and the other first files; a commented aiemp.toml is written. A vault
    that is there keeps all it has; only what is missing is added. Without DIR it is the vault that --vault
    or VAULT_PATH names, else the current folder if it is a vault, else the configured vault, else ./vault.
    """
    from aiemp.config.load import load_plan
    from aiemp.config.locate import config_file
    from aiemp.config.source import read_config
    from aiemp.ledger import Ledger
    from aiemp.mcp.approval import adopt_servers
    from aiemp.redaction import put_in_force, redactor_of
    from aiemp.vault.scaffold import scaffold

    file = config_file(invocation.config, os.environ)
    source = read_config(file, os.environ, required=False)
    vault = _vault_to_make(folder, invocation, source.settings.vault)
    if source.exists:
        load_plan(config=invocation.config, vault=vault)  # its mistakes are told before anything is made
    made: Scaffold = scaffold(vault)
    created = not source.exists and _write_config(file, vault)
    plan = load_plan(config=invocation.config, vault=vault)
    put_in_force(redactor_of(plan, os.environ))
    adopt_servers(plan, os.environ)
    return Initialised(
        vault=vault,
        created=made.created,
        kept=made.kept,
        config_file=file,
        config_created=created,
        other_vault=None if created else _other_vault(source.settings.vault, vault),
        watchers=_adopted(plan),
        imported=tuple(name for name, record in Ledger(vault).read().records.items() if record.last_run),
        warnings=plan.warnings,
    )


def _vault_to_make(folder: Path | None, invocation: Invocation, configured: Path | None) -> Path:
    """The absolute path of the vault that is meant. Who stands in a vault means that one, even when the
    configuration names another."""
    from aiemp.config.locate import looks_like_vault, vault_folder
    from aiemp.errors import UsageError

    if folder is not None and invocation.vault is not None:
        raise UsageError("DIR and --vault name the vault twice; give one of them")
    try:
        cwd = Path.cwd()
    except FileNotFoundError:
        raise UsageError("the current folder is gone; change into another one first") from None
    unnamed = cwd if looks_like_vault(cwd) else configured or NEW_VAULT
    return vault_folder(folder or invocation.vault, os.environ, unnamed, cwd)


def _write_config(file: Path, vault: Path) -> bool:
    """Write a new configuration. False when somebody else made one meanwhile."""
    from aiemp.config.template import commented_config
    from aiemp.config.zones import machine_zone, zone_name
    from aiemp.errors import AiempError
    from aiemp.vault.moves import make_exclusively

    zone, _ = machine_zone(os.environ)
    text = commented_config(vault, zone_name(zone))
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        make_exclusively(file, text.encode())
    except FileExistsError:
        return False
    except OSError as error:
        raise AiempError(
            f"{file} cannot be made ({error.strerror}); name another place with --config"
        ) from error
    return True


def _other_vault(configured: Path | None, vault: Path) -> str | None:
    if configured is None:
        return ""
    return None if configured.resolve() == vault.resolve() else str(configured)


def _adopted(plan: Plan) -> tuple[str, ...]:
    return tuple(watcher.name for watcher in plan.watchers if watcher.origin is Origin.DISCOVERED)


def _made(paths: tuple[Path, ...], vault: Path) -> str:
    """What was made, by the names in the vault's root."""
    if not paths:
        return "  created  nothing; the vault is complete"
    names = dict.fromkeys(path.relative_to(vault).parts[0] for path in paths if path != vault)
    return f"  created  {len(paths)} files and folders: {', '.join(names)}"
