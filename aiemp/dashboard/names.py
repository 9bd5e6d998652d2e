"""When two names mean the same: of components, folders, metrics. And a readable name for a new row. Pure."""

from __future__ import annotations

import re

from aiemp.dashboard.cells import plain
from aiemp.dashboard.document import words_of

_READABLE = {
    "ai": "AI",
    "api": "API",
    "filesystem": "File",
    "gmail": "Gmail",
    "linkedin": "LinkedIn",
    "mcp": "MCP",
    "whatsapp": "WhatsApp",
}
_QUALIFIER = re.compile(r"\(([^()]*)\)")
_COMPONENT_WORDS = frozenset({"agent", "mcp", "orchestrator", "scheduler", "server", "service", "watcher"})


def component_key(name: str) -> str:
    """What a component is compared by: no case, ``_``, ``-``, spaces, nor the word "watcher".

    ``filesystem`` and ``file`` are one (semantics, "Dashboard.md belongs to its owner"; vault-facts).
    """
    key = words_of(plain(name)).replace(" ", "")
    key = key.replace("watchers", "").replace("watcher", "") or key or plain(name).casefold()
    return "file" if key == "filesystem" else key


def looks_like_component(name: str) -> bool:
    """Whether a list item of this name is about a part of the running system."""
    return not _COMPONENT_WORDS.isdisjoint(words_of(plain(name)).split())


def readable_component(name: str) -> str:
    """``gmail_watcher`` as ``Gmail Watcher``; a name that its author wrote readably stays."""
    if " " in name.strip() or name != name.lower():
        return name
    words = [word for word in re.split(r"[_\-.]+", name) if word]
    return " ".join(_READABLE.get(word, word.capitalize()) for word in words) or name


def folder_key(name: str) -> tuple[str, str]:
    """A folder's name and its remark in brackets, as they are compared: ``("done", "today")``."""
    text = plain(name)
    qualifiers = words_of(" ".join(_QUALIFIER.findall(text)))
    return words_of(_QUALIFIER.sub(" ", text)).replace(" ", ""), qualifiers


def readable_folder(name: str) -> str:
    """``Done (today)`` as ``/Done/ (today)``, the way the commonest dashboard writes it."""
    folder, bracket, remark = name.partition("(")
    folder = "/" + folder.strip().strip("/") + "/"
    return f"{folder} {bracket}{remark}".strip()


def metric_key(name: str) -> str:
    """What a metric of Weekly Stats is compared by: its words without case."""
    return words_of(plain(name)).replace(" ", "") or plain(name).casefold()
