"""A trigger function of a user's own, for the tests: it is always blocked, and names a secret."""

from __future__ import annotations

from aiemp.errors import Blocked


def blocked(*_args: object, **_more: object) -> dict[str, object]:
    raise Blocked("no login with s3cr3t-value")
