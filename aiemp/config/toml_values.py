"""Values as TOML writes them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiemp.errors import VaultError


def toml_value(value: object) -> str:
    """``value`` on one line of TOML; a whole number of a float is written without its point."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:g}"
    if isinstance(value, str):
        return toml_text(value)
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{key} = {toml_value(each)}' for key, each in value.items())} }}"
    assert isinstance(value, Sequence), value
    return f"[{', '.join(map(toml_value, value))}]"


def toml_text(text: str) -> str:
    """``text`` as a TOML basic string. VaultError when it holds bytes that are not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise VaultError(f"{text!r} is not UTF-8, so aiemp.toml cannot hold it; rename the folder") from error
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    control = {code: f"\\u{code:04x}" for code in (*range(0x20), 0x7F)}
    return f'"{quoted.translate(control)}"'
