"""The third watcher of the plan: a script of the owner's own that looks at something every 30 s.

Like each watcher it touches ``.state/NAME_processed.json`` when it has looked; by that the benchmark sees it live.
"""

import os
import sys
import time

vault = sys.argv[1]
state = os.path.join(vault, ".state")
os.makedirs(state, exist_ok=True)
while True:
    with open(os.path.join(state, "mail_processed.json"), "w", encoding="utf-8") as file:
        file.write('{"processed_ids": []}\n')
    time.sleep(30)
