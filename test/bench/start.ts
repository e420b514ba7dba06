/**
 * From nothing to ready with every shipped model: a new process of the service, until /readyz answers 200.
 *
 * `npm run -s bench -- start [--json] [--rounds N] [--fresh]`
 * With `--fresh`, nothing is even installed: a copy of the files that git tracks is made, and `npm start` run in it,
 * once. The seconds depend on npm's cache, which is the one that the environment names. The disk space is that of the
 * whole copy, as `du` counts it.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { freePort, repository, startServer } from "../server-process.js";

const ASK_EVERY_MS = 20;

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "5" },
    fresh: { type: "boolean", default: false },
  },
});

if (options.fresh) await startFresh();
else await startInstalled();

async function startInstalled(): Promise<void> {
  const listening: number[] = [];
  const ready: number[] = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    const begin = performance.now();
    const server = await startServer();
    listening.push(performance.now() - begin);
    await server.ready();
    ready.push(performance.now() - begin);
    await server.end();
  }
  const best = (all: number[]): number => Math.round(Math.min(...all));
  const worst = (all: number[]): number => Math.round(Math.max(...all));
  if (options.json) {
    console.log(
      JSON.stringify({ listeningMs: best(listening), readyMs: best(ready), worstReadyMs: worst(ready) }),
    );
  } else {
    console.log(`listening after ${best(listening)} ms (worst ${worst(listening)})`);
    console.log(`ready with every shipped model after ${best(ready)} ms (worst ${worst(ready)})`);
  }
}

async function startFresh(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "residua-fresh-"));
  try {
    copyTrackedFiles(folder);
    const begin = performance.now();
    await untilReady(folder, async () => {
      const seconds = Math.round((performance.now() - begin) / 100) / 10;
      const mebibytes = Number(execFileSync("du", ["-sm", folder], { encoding: "utf8" }).split("\t")[0]);
      const packages = countPackages(join(folder, "node_modules"));
      console.log(
        options.json
          ? JSON.stringify({ seconds, mebibytes, packages })
          : `ready after ${seconds} s; ${mebibytes} MiB on disk, ${packages} packages`,
      );
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function copyTrackedFiles(to: string): void {
  const files = execFileSync("git", ["ls-files", "-z"], { cwd: repository, encoding: "utf8" }).split("\0");
  for (const file of files.filter((name) => name !== "")) cpSync(join(repository, file), join(to, file));
}

/** Runs `npm start` in a folder until the service is ready and `then` is done, and ends all of its processes. */
async function untilReady(folder: string, then: () => Promise<void>): Promise<void> {
  const port = String(await freePort());
  const child = spawn("npm", ["start"], {
    cwd: folder,
    env: { ...outerEnvironment(), PORT: port },
    // Whatever it prints is seen, beside the result on stdout.
    stdio: ["ignore", 2, 2],
    // A process group of its own, so that everything that npm starts can be ended.
    detached: true,
  });
  const exit = once(child, "exit");
  try {
    while (!(await isReady(port))) {
      if (child.exitCode !== null) throw new Error(`npm start ended with status ${child.exitCode}.`);
      await delay(ASK_EVERY_MS);
    }
    await then();
  } finally {
    if (child.exitCode === null) process.kill(-child.pid!, "SIGTERM");
    await exit;
    while (await isListening(port)) await delay(ASK_EVERY_MS);
  }
}

/** The environment without what npm added to it for this script: the Node at hand is to be the user's. */
function outerEnvironment(): NodeJS.ProcessEnv {
  const added =
    /^(npm_(lifecycle|package|command|execpath|node_execpath|config_local_prefix)|INIT_CWD$|NODE$)/;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !added.test(name)));
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return { ...env, PATH: folders.filter((each) => !each.includes("node_modules")).join(delimiter) };
}

function isReady(port: string): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/readyz`).then(
    ({ status }) => status === 200,
    () => false,
  );
}

function isListening(port: string): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/livez`).then(
    () => true,
    () => false,
  );
}

/** Packages directly in a node_modules folder. */
function countPackages(folder: string): number {
  return readdirSync(folder)
    .filter((name) => !name.startsWith("."))
    .reduce((count, name) => count + (name.startsWith("@") ? readdirSync(join(folder, name)).length : 1), 0);
}
