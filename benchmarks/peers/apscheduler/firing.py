"""One task, at each fifth second from :03 on."""

import os
import subprocess

from apscheduler.schedulers.blocking import BlockingScheduler

scheduler = BlockingScheduler(timezone="UTC")
scheduler.add_job(subprocess.run, "cron", args=[["/bin/sh", os.environ["BENCH_STAMP"]]], second="3-59/5")
scheduler.start()
