"""Text from anywhere, so that it cannot reprogram the terminal that shows it, nor forge a line of a log. Pure."""

from __future__ import annotations


def escaped(text: str) -> str:
    r"""``text`` with every control, format (bidirectional) and undecodable character escaped: ``\x1b``."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def escaped_lines(text: str, indent: str = "") -> str:
    """``text`` line by line :func:`escaped`, tabs as blanks; the further lines begin with ``indent``."""
    if text.isprintable():
        return text
    return f"\n{indent}".join(escaped(line.expandtabs(4)) for line in text.split("\n"))
