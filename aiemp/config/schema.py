"""The JSON Schema of ``aiemp.toml``, by which editors complete and check it. Pure.

Made from the table of keys that the reader checks by, so it knows no key that the reader does not. It says less:
what only two keys together can tell is left to `aiemp config validate`. Draft 7 is what taplo, the checker in
most editors (Even Better TOML), understands.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from aiemp.config.key_texts import SECTIONS, Text
from aiemp.config.keys import AGE, ROOT, TIME, WEEKDAYS, Key
from aiemp.config.names import LONGEST_NAME
from aiemp.plan import SCHEDULE_REGISTRY

DRAFT = "http://json-schema.org/draft-07/schema#"
SCHEMA_FILE = "aiemp.schema.json"
"""What it is called, beside ``aiemp.toml`` too."""

Schema = dict[str, Any]

_STRING: Schema = {"type": "string"}
_NOT_BLANK: Schema = {"type": "string", "pattern": r"\S"}
_ONE_LINE: Schema = {
    "type": "string",
    "pattern": r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*\S[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$",
}
_VARIABLE = "^[A-Za-z_][A-Za-z0-9_]*$"
_NAME = f"^[A-Za-z0-9_][A-Za-z0-9_.-]{{0,{LONGEST_NAME - 1}}}$"
_BUILT_IN_NAMES = {
    "tasks": {task.name: task.description for task in SCHEDULE_REGISTRY},
    "watchers": {
        "filesystem": "Turns files put into Drop/ into action items",
        "approval": "Notices decisions in Approved/ and Rejected/, and approvals that wait too long",
    },
}
"""Names that an editor offers; any other is as good."""


def config_schema() -> Schema:
    """The whole schema."""
    properties = _properties(SECTIONS[""].texts)
    definitions: Schema = {}
    for name, section in SECTIONS.items():
        if not name:
            continue
        table = {
            "type": "object",
            "properties": _properties(section.texts, section.keys),
            "additionalProperties": False,
        }
        if section.named:
            definitions[name] = table
            reference = {"$ref": f"#/definitions/{name}"}
            table = {
                "type": "object",
                "propertyNames": {"pattern": _NAME},
                "properties": {
                    each: {"description": what, "allOf": [reference]}
                    for each, what in _BUILT_IN_NAMES.get(name, {}).items()
                },
                "additionalProperties": reference,
            }
        properties[name] = {"description": section.what, **table}
    return {
        "$schema": DRAFT,
        "title": "aiemp.toml",
        "description": "What aiemp keeps alive, and when.",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "definitions": definitions,
    }


def _properties(texts: Mapping[str, Text], keys: Mapping[str, Key] = ROOT) -> Schema:
    return {name: _described(keys[name], text) for name, text in texts.items()}


def _described(key: Key, text: Text) -> Schema:
    schema = {"description": text.what, **_value(key)}
    if text.default is not None:
        schema["default"] = text.default
    elif text.example is not None:
        schema["examples"] = [text.example]
    return schema


def _value(key: Key) -> Schema:  # noqa: PLR0911, PLR0912 - one for each kind
    match key.kind:
        case "flag":
            return {"type": "boolean"}
        case "whole":
            return {"type": "integer", "minimum": key.least, "maximum": key.most}
        case "number":
            return {"type": "number", "exclusiveMinimum": key.least, "maximum": key.most}
        case "choice":
            return {"enum": list(key.choices)}
        case "text":
            return _NOT_BLANK
        case "words":
            return {"type": "array", "items": _STRING}
        case "argv":
            line = {"type": "string", "pattern": r"^[^\r\n]*$"}
            return {"type": "array", "minItems": 1, "items": line}
        case "variables":
            return {
                "type": "object",
                "propertyNames": {"pattern": _VARIABLE},
                "additionalProperties": _STRING,
            }
        case "variable names":
            return {"type": "array", "items": {"type": "string", "pattern": _VARIABLE}}
        case "url":
            return {"type": "string", "pattern": "^https?://"}
        case "time":
            return {"type": "string", "pattern": f"^{TIME}$"}
        case "weekday":
            named = [{"enum": list(WEEKDAYS)}, {"type": "string", "pattern": _weekday_pattern()}]
            return {"anyOf": [*named, {"type": "integer", "minimum": 0, "maximum": 6}]}
        case "age":
            return {"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": rf"^\s*{AGE}\s*$"}]}
        case "function":
            word = r"[^\W\d]\w*"
            return {"type": "string", "pattern": rf"^{word}(\.{word})*:{word}$"}
        case "pattern":
            return {"type": "string", "pattern": r"^[^/~\s]|^\s+[^/\s]"}
        case "line" | "path" | "zone" | "calendar":
            return _ONE_LINE
        case "table":
            raise AssertionError("a table is a section of its own")


def _weekday_pattern() -> str:
    """A name or its first three letters, in any case, as the reader takes it."""
    words = ("".join(f"[{letter.upper()}{letter}]" for letter in day) for day in WEEKDAYS)
    alternatives = "|".join(f"{word[:12]}({word[12:]})?" for word in words)
    return rf"^\s*({alternatives})\s*$"


def schema_text() -> str:
    """The schema as a file holds it."""
    return json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
