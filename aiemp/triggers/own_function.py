"""A task of the user's own that is a Python function, ``module:function``.

Called as the seed's trigger functions are: ``function(vault_path, dry_run=...)``. It runs in this process;
the task's timeout is the runner's to keep.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from aiemp.errors import AiempError, Blocked
from aiemp.triggers.context import RunContext
from aiemp.triggers.results import failed, succeeded

log = logging.getLogger("aiemp.triggers")


def run_function(context: RunContext, dry_run: bool) -> dict[str, object]:
    """Import and call the task's function. It may return a dict (``success`` missing: true), a bool, or None.

    One that needs Claude, as its owner says, is held back and counted like our own calls.
    An exception in it is a failure with its message; Blocked, and what stops the run, pass through. What it
    prints goes to standard error, since standard output is for our results.
    """
    name = context.task.trigger_fn
    plan = context.plan
    folder = plan.config_file.parent if plan.config_file else None
    needs_claude = context.task.requires_claude and not dry_run
    if needs_claude:
        from aiemp.triggers.claude_leave import require_leave  # noqa: PLC0415 - few functions need Claude

        require_leave(context)
    started = time.monotonic()
    with _trusted_imports(plan.vault, folder), contextlib.redirect_stdout(sys.stderr):
        try:
            function = _load(name)
            value = function(plan.vault, dry_run=dry_run)
        except Blocked:
            raise
        except AiempError as error:
            return failed(str(error))
        except SystemExit as end:  # a script's main(), which ends like one
            return succeeded("") if end.code in (0, None) else failed(f"{name} ended with exit {end.code}")
        except Exception as error:  # whatever a stranger's code raises is its failure
            log.warning("%s failed", name, exc_info=True)
            return failed(f"{name} failed: {type(error).__name__}: {error}")
    result = _judge(name, value)
    return {"claude_s": round(time.monotonic() - started, 3), **result} if needs_claude else result


def _judge(name: str, value: Any) -> dict[str, object]:
    if value is None:
        return succeeded("")
    if isinstance(value, bool):
        return succeeded("") if value else failed(f"{name} returned False")
    if not isinstance(value, Mapping):
        return failed(f"{name} returned {type(value).__name__}; a trigger function returns a dict or None")
    result = {str(key): item for key, item in value.items()}
    success = result.get("success", True) is True
    summary = str(result.get("summary") or "")
    error = None if success else str(result.get("error") or f"{name} did not say why it failed")
    return {**result, "success": success, "summary": summary, "error": error}


def _load(name: str) -> Callable[..., Any]:
    module_name, _, function_name = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and not f"{module_name}.".startswith(f"{error.name}."):
            raise  # the module is there, but something that it imports is not
        raise AiempError(
            f"there is no module {module_name!r} for {name}; put it beside aiemp.toml, or install it into "
            f"the environment of {sys.executable}"
        ) from None
    function = getattr(module, function_name, None)
    if not callable(function):
        raise AiempError(f"module {module_name} ({module.__file__}) has no function {function_name!r}")
    return function  # type: ignore[no-any-return]


@contextlib.contextmanager
def _trusted_imports(vault: Path, config_folder: Path | None) -> Iterator[None]:
    """Within, modules come from what is installed and from the configuration's folder, never from the vault.

    The configuration says what is run, so its folder is trusted; the vault is written to by Claude. ``python
    -m`` puts the working directory first on the path, and that may be the vault. A virtual environment that
    lies in the vault is the one that runs us, and stays.
    """
    before = list(sys.path)
    sys.path[:] = [entry for entry in before if not _lies_in(entry, vault) or _lies_in(entry, sys.prefix)]
    if config_folder is not None and not _lies_in(config_folder, vault):
        sys.path.append(str(config_folder))  # last: a file there must not hide a standard module
    try:
        yield
    finally:
        sys.path[:] = before


def _lies_in(path: Path | str, folder: Path | str) -> bool:
    inner, outer = os.path.realpath(path or os.curdir), os.path.realpath(folder)
    return inner == outer or inner.startswith(outer.rstrip(os.sep) + os.sep)
