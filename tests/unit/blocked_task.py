"""Trigger functions of a user's own, for the tests: they are always blocked, and name a secret."""

from __future__ import annotations

from pathlib import Path

from aiemp.errors import Blocked


def blocked(*_args: object, **_more: object) -> dict[str, object]:
    raise Blocked("no login with s3cr3t-value")


def writing(vault: Path, **_more: object) -> dict[str, object]:
    """Makes the secret one, as Claude does when it is given a token."""
    (vault / ".env").write_text("A_TOKEN=s3cr3t-value\n")
    raise Blocked("no login with s3cr3t-value")
