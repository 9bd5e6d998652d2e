// An AI employee under PM2, in a checkout after `make`: with ./vault, or with the vault that VAULT_PATH names.
// Made by `make docs` from units/ecosystem.config.js.j2. For an installed aiemp: `aiemp pm2-config`.
//
// PM2 keeps one process alive, the orchestrator; that one keeps the watchers and runs the tasks.
//
//   pm2 start ecosystem.config.js     # start
//   pm2 logs aiemp-orchestrator       # what it says
//   pm2 restart aiemp-orchestrator    # restart
//   pm2 stop aiemp-orchestrator       # stop; the watchers and a running task stop too
//   pm2 monit                         # watch it live
//   pm2 save && pm2 startup           # back after a reboot (macOS: after the login)
//
// Where a package.json above it says "type": "module", rename this file to ecosystem.config.cjs.

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const folder = __dirname;
const python = path.join(folder, ".venv", "bin", "python");
if (!fs.existsSync(python)) {
  throw new Error(`${python} is not there; run \`make\` in ${folder} first`);
}
const vault = path.resolve(process.env.VAULT_PATH || path.join(folder, "vault"));
const options = ["--vault", vault];
const dryRun = process.env.DRY_RUN || "false";
// The PATH of the shell that called PM2, and where installers put `claude` beside it.
const PATH = [
  process.env.PATH,
  path.join(os.homedir(), ".local/bin"),
  path.join(os.homedir(), ".claude/local"),
  "/opt/homebrew/bin",
  "/usr/local/bin",
  "/usr/bin",
  "/bin",
].join(":");
// PM2 would hand a path with a space in it to a shell. env becomes what it is given: no process more.
const viaEnv = python.includes(" ") ? [python] : [];

module.exports = {
  apps: [
    {
      name: "aiemp-orchestrator",
      // Python itself, no `uv run` before it: PM2 signals and measures its own child alone.
      script: viaEnv.length ? "/usr/bin/env" : python,
      interpreter: "none",
      // -P: no module of the working folder is loaded.
      args: [...viaEnv, "-P", "-m", "aiemp", ...options, "run", "--failure-pause", "10"],
      // Not the vault: PM2 does not notice when a process cannot start because its folder is not there (a disk
      // that is mounted late), and says "online".
      cwd: folder,
      env: { VAULT_PATH: vault, DRY_RUN: dryRun, PATH },

      autorestart: true,
      // A crash is restarted at once. A start that fails (a mistake in aiemp.toml, a disk that is not mounted yet)
      // waits 10 s before it ends, by --failure-pause; after 30 of them PM2 gives up and says "errored". It is
      // not PM2 that waits, by restart_delay or exp_backoff_restart_delay: with restart_delay above min_uptime the
      // limit is never reached, and with either it says "waiting restart" for ever once it has given up. PM2 counts
      // what ended within min_uptime, and only in the first min_uptime * max_restarts after `pm2 start` or
      // `pm2 restart`; what fails later is tried again every 10 s until it works.
      max_restarts: 30,
      min_uptime: 60000,
      // The orchestrator alone, which needs about 20 MB: PM2 does not count what watchers and Claude use.
      max_memory_restart: "500M",

      // A graceful stop takes a moment; but a running task and the slowest watcher have this long to end.
      // For a watcher with a stop_timeout_seconds above 10: `aiemp pm2-config`, which takes it from aiemp.toml.
      kill_timeout: 65000,
      // The signal is for the orchestrator alone, which stops the others and writes down what it interrupted. If it
      // has to be killed, its watchers go on, and the next start takes them over.
      treekill: false,

      // In PM2's own folder (~/.pm2/logs), not in the vault: PM2 makes a folder that is missing, an empty vault
      // where a disk is not mounted; and a process whose log cannot be opened is never tried again. What the
      // orchestrator says is in the vault too, in Logs/aiemp/orchestrator.log. `pm2 flush` empties them.
      merge_logs: true,
      log_date_format: "YYYY-MM-DD HH:mm:ss Z",
      watch: false,
      vizion: false, // nobody asks for the git version of that folder
    },
  ],
};
