"""One child process under supervision: bounded in time and memory, and nothing left of it afterwards."""

from aiemp.process.descendants import LINUX_CAN_ADOPT
from aiemp.process.programs import find_program
from aiemp.process.streams import LogFile
from aiemp.process.supervised import Ending, Finished, run_supervised

__all__ = ["LINUX_CAN_ADOPT", "Ending", "Finished", "LogFile", "find_program", "run_supervised"]
