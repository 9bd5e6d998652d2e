"""What every peer runs for a task: it says its name and ends, like a task that has nothing to do."""

import sys

print(sys.argv[1])
