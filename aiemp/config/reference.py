"""docs/configuration.md, made from the table of keys: ``python -m aiemp.config.reference``."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from aiemp.config.key_texts import SECTIONS, Section, Text
from aiemp.config.keys import MOST_COUNT, Key
from aiemp.config.toml_values import toml_value
from aiemp.plan import SCHEDULE_REGISTRY
from aiemp.schedule_words import schedule_in_words

HEAD = """\
# The configuration

This page is made from the program's own table of keys by `make docs`; do not edit it.

`aiemp.toml` is one file, `~/.config/aiemp/aiemp.toml` (`$XDG_CONFIG_HOME` is respected; `--config FILE` names another;
`/etc/aiemp/aiemp.toml` is the machine's). `aiemp init` writes one with every key in it as a comment. It lies outside
the vault: whoever can write it can have commands run. A key that is not there has its default.

```
aiemp config edit        # your editor on a copy; it counts once it has no mistakes
aiemp config validate    # every mistake, with its line and what to do
aiemp config show        # the plan as it was understood
aiemp config schema      # the JSON Schema, for editors
```

A running orchestrator takes a changed file up by itself; installed units need `aiemp install-units`, and `config edit`
says when.

## In an editor

The first line of the file, `#:schema ./aiemp.schema.json`, names the JSON Schema that `aiemp init` writes beside it.
An editor with taplo (VS Code: Even Better TOML; Neovim, Helix, Zed: taplo as language server) then completes keys,
shows what they are for, and underlines mistakes. `aiemp config edit` renews the schema after an upgrade. It is also
in [aiemp.schema.json](aiemp.schema.json). For a file that has no such line, put it at the top, and write the schema
yourself: `aiemp config schema > ~/.config/aiemp/aiemp.schema.json`.
"""

TOP_TITLE = "At the top"
TOP = "These stand before the first `[table]`."
NAMES = "Names have letters, digits, `_`, `-` and `.`, at most 100. `[{name}.NAME]` may be there as often as you like."

HOLDS = {
    "flag": "true or false",
    "text": "text",
    "line": "text, one line",
    "path": "a path",
    "words": "a list of words",
    "argv": "a program and its arguments, as a list",
    "variables": "a table of text",
    "variable names": "a list of names",
    "url": "an http(s) address",
    "zone": "an IANA name",
    "time": '"HH:MM"',
    "weekday": "a weekday",
    "calendar": "a calendar expression",
    "age": 'true, false, or "12h"',
    "function": '"module:function"',
    "pattern": "a pattern below the vault",
}


def reference() -> str:
    """The whole page."""
    return HEAD + "".join(f"\n{line}" if line else "\n" for line in _lines()) + "\n"


def _lines() -> Iterator[str]:
    for name, section in SECTIONS.items():
        yield f"## {section.title or TOP_TITLE}"
        yield ""
        yield _linked(section.what) if section.what else TOP
        if section.named:
            yield NAMES.format(name=name)
        yield ""
        yield from _table(name, section)
        yield ""
        if name == "tasks":
            yield from _built_in_tasks()
            yield ""


def _table(name: str, section: Section) -> Iterator[str]:
    yield f"| {f'in `[{name}.NAME]`' if section.named else f'in `[{name}]`' if name else 'key'} | holds | default | |"
    yield "|---|---|---|---|"
    for key, text in section.texts.items():
        cells = (f"`{key}`", _holds(section.keys[key]), _default(text), _linked(text.what))
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _holds(key: Key) -> str:
    if key.kind == "choice":
        return ", ".join(f"`{each}`" for each in key.choices)
    most = "" if key.most == MOST_COUNT else f", at most {key.most}"
    if key.kind == "whole":
        return f"a whole number from {key.least}{most}"
    if key.kind == "number":
        return f"a number above {key.least}{most}"
    return HOLDS[key.kind]


def _default(text: Text) -> str:
    if text.default is not None:
        return f"`{toml_value(text.default)}`"
    return f"{text.unset}; for example `{toml_value(text.example)}`"


def _built_in_tasks() -> Iterator[str]:
    yield "| built-in task | runs | enabled | what it does |"
    yield "|---|---|---|---|"
    for task in SCHEDULE_REGISTRY:
        enabled = "yes" if task.enabled else "no"
        yield f"| `{task.name}` | {schedule_in_words(task)} | {enabled} | {_linked(task.description)} |"


def _linked(text: str) -> str:
    """``text`` as Markdown: a ``*`` or ``<`` in it is one."""
    return text.replace("*", "\\*").replace("<", "\\<")


if __name__ == "__main__":
    sys.stdout.write(reference())
