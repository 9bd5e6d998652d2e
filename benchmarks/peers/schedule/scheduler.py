"""The tasks of the plan for schedule, in the loop of its manual."""

import os
import subprocess
import time

import schedule

python, peers = os.environ["BENCH_PYTHON"], os.environ["BENCH_PEERS"]


def task(name: str) -> None:
    subprocess.run([python, os.path.join(peers, "tasks.py"), name], check=False)


schedule.every().day.at("08:00").do(task, "morning_triage")
for day in (schedule.every().monday, schedule.every().wednesday, schedule.every().friday):
    day.at("09:30").do(task, "linkedin_post")
schedule.every(6).hours.do(task, "stale_approval_check")
schedule.every().day.at("00:05").do(task, "daily_rollover")
schedule.every(15).minutes.do(task, "health_dashboard_update")
schedule.every().day.at("01:00").do(task, "done_archive")
schedule.every().sunday.at("22:00").do(task, "weekly_audit_prep")

while True:
    schedule.run_pending()
    time.sleep(1)
