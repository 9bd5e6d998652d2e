// The plan for PM2: three watchers that are restarted, seven tasks that its cron starts.
const { BENCH_PYTHON: python, BENCH_PEERS: peers, BENCH_VAULT: vault } = process.env;
const common = { script: python, interpreter: "none", cwd: vault, watch: false, vizion: false };

const watcher = (name, args) => ({ ...common, name, args, autorestart: true });
const builtIn = (name) => watcher(name, ["-m", `aiemp.watchers.${name}`, "--vault", vault, "--interval", "30"]);
const task = (name, cron_restart) => ({
  ...common,
  name,
  args: [`${peers}/tasks.py`, name],
  autorestart: false,
  cron_restart,
});

module.exports = {
  apps: [
    builtIn("filesystem"),
    builtIn("approval"),
    watcher("mail", [`${peers}/mail_watcher.py`, vault]),
    task("morning_triage", "0 8 * * *"),
    task("linkedin_post", "30 9 * * 1,3,5"),
    task("stale_approval_check", "0 */6 * * *"),
    task("daily_rollover", "5 0 * * *"),
    task("health_dashboard_update", "*/15 * * * *"),
    task("done_archive", "0 1 * * *"),
    task("weekly_audit_prep", "0 22 * * 0"),
  ],
};
