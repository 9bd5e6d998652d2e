"""Whether this is a dry run, and who says so (semantics, "Dry run or live"). Pure.

``--dry-run``, else ``DRY_RUN`` in the process environment, else ``dry_run`` in the config, else the vault's
``.env``, else live.
"""

from __future__ import annotations

from aiemp.errors import UsageError
from aiemp.plan import DryRun

WORDS = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}
UNDECIDED = DryRun()
BY_ENVIRONMENT = "DRY_RUN in the environment"


def decide_dry_run(
    flag: bool,
    environ_value: str | None,
    config_value: bool | None,
    dotenv_value: str | None,
    *,
    config_name: str = "aiemp.toml",
) -> DryRun:
    """The decision of the strongest source that says anything; an empty value says nothing.

    Raises UsageError for a word in the environment that means neither. One in the vault's ``.env`` counts as
    dry, the safe side: see :func:`dotenv_complaint`.
    """
    if flag:
        return DryRun(True, "--dry-run")
    if not is_blank(environ_value):
        active = meaning(environ_value)
        if active is None:
            raise UsageError(
                f"DRY_RUN in the environment is {environ_value!r}; set it to true or false, or unset it"
            )
        return DryRun(active, BY_ENVIRONMENT)
    if config_value is not None:
        return DryRun(config_value, f"dry_run in {config_name}")
    if not is_blank(dotenv_value):
        return DryRun(meaning(dotenv_value) is not False, "DRY_RUN in the vault's .env")
    return UNDECIDED


def meaning(word: str | None) -> bool | None:
    """What a DRY_RUN word means; None when it means neither true nor false."""
    return WORDS.get((word or "").strip().lower())


def is_blank(word: str | None) -> bool:
    """Whether a DRY_RUN value counts as not set."""
    return word is None or not word.strip()


def dotenv_complaint(word: str | None) -> str | None:
    """What is wrong with ``DRY_RUN`` in the vault's ``.env``, if something is."""
    if is_blank(word) or meaning(word) is not None:
        return None
    return f"DRY_RUN in the vault's .env is {word!r}: taken as a dry run; write true or false there"
