"""One child process under supervision: bounded in time and memory, and nothing left of it afterwards.

What is imported from here is loaded when it is asked for: who only looks for a program starts none.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiemp.process.descendants import LINUX_CAN_ADOPT
    from aiemp.process.programs import find_program
    from aiemp.process.streams import LogFile
    from aiemp.process.supervised import Ending, Finished, run_supervised

__all__ = ["LINUX_CAN_ADOPT", "Ending", "Finished", "LogFile", "find_program", "run_supervised"]

_MODULES = {
    "LINUX_CAN_ADOPT": "descendants",
    "LogFile": "streams",
    "find_program": "programs",
    "Ending": "supervised",
    "Finished": "supervised",
    "run_supervised": "supervised",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
