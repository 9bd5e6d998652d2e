"""The tasks of the plan for APScheduler: cron and interval jobs, each of which starts a process."""

import os
import subprocess

from apscheduler.schedulers.blocking import BlockingScheduler

python, peers = os.environ["BENCH_PYTHON"], os.environ["BENCH_PEERS"]


def task(name: str) -> None:
    subprocess.run([python, os.path.join(peers, "tasks.py"), name], check=False)


scheduler = BlockingScheduler(timezone="UTC", job_defaults={"coalesce": True, "misfire_grace_time": 3600})
scheduler.add_job(task, "cron", args=["morning_triage"], hour=8)
scheduler.add_job(task, "cron", args=["linkedin_post"], day_of_week="mon,wed,fri", hour=9, minute=30)
scheduler.add_job(task, "interval", args=["stale_approval_check"], hours=6)
scheduler.add_job(task, "cron", args=["daily_rollover"], hour=0, minute=5)
scheduler.add_job(task, "interval", args=["health_dashboard_update"], minutes=15)
scheduler.add_job(task, "cron", args=["done_archive"], hour=1)
scheduler.add_job(task, "cron", args=["weekly_audit_prep"], day_of_week="sun", hour=22)
scheduler.start()
