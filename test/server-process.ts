/** The service as its users have it: a process of dist/src/server.js, listening on a port of its own. */
import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const repository = fileURLToPath(new URL("../../", import.meta.url));

/** How often a process that starts is asked whether it is ready, and for how long. */
const ASK_EVERY_MS = 10;
const READY_WITHIN_MS = 30_000;

export interface ServerProcess {
  readonly child: ChildProcess;
  readonly url: string;
  /** All that was logged so far. */
  log(): string;
  /** Resolves once /readyz answers 200; rejects, with the log, where the process ends or takes too long. */
  ready(): Promise<void>;
  /** Sends a signal and waits for the end; the exit status, or null where the signal itself ended it. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/**
 * The process of a server, with what it prints; the environment is the caller's with `env` over it. It ends with this
 * process at the latest.
 */
export function spawnServer(
  env: Record<string, string>,
  checkout = repository,
): ChildProcessByStdio<null, Readable, Readable> {
  const child = spawn(process.execPath, [join(checkout, "dist", "src", "server.js")], {
    cwd: checkout,
    env: { ...process.env, RESIDUA_ENGINE: "wasm", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const kill = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  return child;
}

/**
 * Starts a server on a free port, if `env` names none; resolves when it listens.
 * @param checkout the folder whose build of the server runs
 */
export async function startServer(
  env: Record<string, string> = {},
  checkout = repository,
): Promise<ServerProcess> {
  const port = env["PORT"] ?? String(await freePort());
  const child = spawnServer({ ...env, PORT: port }, checkout);
  let log = "";
  const keep = (text: string): void => {
    log += text;
  };
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);
  const ended = once(child, "exit") as Promise<[number | null]>;
  const until = async (holds: () => Promise<boolean>, what: string): Promise<void> => {
    for (let waitedMs = 0; !(await holds()); waitedMs += ASK_EVERY_MS) {
      if (child.exitCode !== null || child.signalCode !== null || waitedMs > READY_WITHIN_MS) {
        throw new Error(`The server did not ${what}:\n${log}`);
      }
      await delay(ASK_EVERY_MS);
    }
  };
  const url = `http://127.0.0.1:${port}`;
  const answers = (path: string): Promise<boolean> =>
    fetch(url + path).then(
      ({ status }) => status === 200,
      () => false,
    );
  await until(() => answers("/livez"), "listen");
  return {
    child,
    url,
    log: () => log,
    ready: () => until(() => answers("/readyz"), "become ready"),
    async end(signal = "SIGTERM") {
      child.kill(signal);
      return (await ended)[0];
    },
  };
}
