/** Services and workers as processes over one folder of models, with what tests of jobs ask of them. */
import { spawn } from "node:child_process";
import { once as eventOf } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { writeWaves } from "../cli/residua-process.js";
import { repository, type ServerProcess, startServer } from "../server-process.js";
import type { StoreKind } from "./store-kinds.js";

export const TOKEN = "admin-token";
/** Options with which a training takes about a second. */
export const QUICK = "timesteps=8&units=4&epochs=3&folds=1&linear-path=off";
/** Options with which it takes so long that a test can come in between: it is always stopped. */
export const ENDLESS = "timesteps=16&units=8&epochs=100000&patience=0&folds=1&linear-path=off";
export const DATA = writeWaves(400);

/** Options of Node with which the jobs of a service or worker are not held up by other tests; see usual-priority.ts. */
const USUAL_PRIORITY = `--import ${new URL("./usual-priority.js", import.meta.url)}`;

type Body = string | Uint8Array<ArrayBuffer>;

/** A job as the service answers it, as far as tests look at it. */
export interface JobAnswer {
  readonly id: string;
  readonly state: string;
  readonly version: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly progress: { readonly epoch: number; readonly epochs: number; readonly loss: number } | null;
  readonly data: { readonly rows: number } | null;
  readonly warnings: readonly string[];
  readonly problem: {
    readonly code: string;
    readonly detail: string;
    readonly errors?: readonly { readonly path: string }[];
  } | null;
}

/** A folder of models, removed when the test is over. */
export async function modelsFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "residua-jobs-"));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Services and workers that have their jobs in common. */
export class JobPlace {
  /** The folder of models, or their address in an object store. */
  readonly models: string;
  readonly settings: Record<string, string>;
  readonly #t: TestContext;
  readonly #kind: StoreKind;

  private constructor(t: TestContext, kind: StoreKind, models: string, settings: Record<string, string>) {
    this.#t = t;
    this.#kind = kind;
    this.models = models;
    this.settings = settings;
  }

  /** @param models as the member of this name; left out, a new folder. */
  static async make(t: TestContext, kind: StoreKind, models?: string): Promise<JobPlace> {
    return new JobPlace(t, kind, models ?? (await modelsFolder(t)), await kind.settings(t));
  }

  /** As the function of this name. */
  serve(env: Record<string, string> = {}): Promise<JobServer> {
    return serve(this.#t, this.models, { ...this.settings, ...env });
  }

  /** A worker that looks for jobs; ended when the test is over. */
  worker(env: Record<string, string> = {}): WorkerProcess {
    return new WorkerProcess(this.#t, this.models, { ...this.settings, ...env });
  }

  /**
   * As `StoreKind.leftovers`, once whoever ended the last job has had the time to tidy up.
   * @param pick those of them that are waited for.
   */
  async leftovers(pick: (left: string[]) => string[] = (left) => left, withinMs = 60_000): Promise<string[]> {
    for (let waitedMs = 0; ; waitedMs += 50) {
      const left = pick(await this.#kind.leftovers(this.settings, this.models));
      if (left.length === 0 || waitedMs >= withinMs) return left;
      await delay(50);
    }
  }
}

/** `residua worker` as a process. */
export class WorkerProcess {
  readonly #child;
  readonly #ended: Promise<[number | null]>;
  #log = "";

  constructor(t: TestContext, folder: string, env: Record<string, string>) {
    this.#child = spawn(
      process.execPath,
      [join(repository, "dist", "src", "cli.js"), "worker", "--models", folder],
      {
        env: { ...process.env, RESIDUA_THREADS: "1", NODE_OPTIONS: USUAL_PRIORITY, ...env },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#log += text;
      });
    }
    this.#ended = eventOf(this.#child, "exit") as Promise<[number | null]>;
    t.after(() => this.end("SIGKILL"));
  }

  log(): string {
    return this.#log;
  }

  /** Stops the worker, and not the processes of its jobs. */
  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  goOn(): void {
    this.#child.kill("SIGCONT");
  }

  /** Sends a signal and waits for the end; the exit status, or null where the signal itself ended it. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    this.#child.kill(signal);
    return (await this.#ended)[0];
  }
}

/** A server that is ready; ended when the test is over. */
export async function serve(
  t: TestContext,
  folder: string,
  env: Record<string, string> = {},
): Promise<JobServer> {
  const server = await startServer({
    RESIDUA_MODELS: folder,
    RESIDUA_ADMIN_TOKEN: TOKEN,
    RESIDUA_THREADS: "1",
    RESIDUA_POLL_SECONDS: "0.2",
    NODE_OPTIONS: USUAL_PRIORITY,
    ...env,
  });
  t.after(() => server.end("SIGKILL"));
  await server.ready();
  return new JobServer(server);
}

/** What a process has logged with this message. */
export function logged(one: { log(): string }, message: string): Record<string, unknown>[] {
  return one
    .log()
    .split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}"))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => msg === message);
}

/** Waits until a process has logged this message. */
export async function once(one: { log(): string }, message: string): Promise<Record<string, unknown>> {
  for (;;) {
    const [first] = logged(one, message);
    if (first !== undefined) return first;
    await delay(20);
  }
}

export class JobServer {
  readonly server: ServerProcess;

  constructor(server: ServerProcess) {
    this.server = server;
  }

  log(): string {
    return this.server.log();
  }

  /** Sends a request with the admin token. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${TOKEN}`, ...(init.headers as Record<string, string>) };
    return fetch(this.server.url + path, { ...init, headers });
  }

  /** Orders a training with data in CSV, if `headers` do not say otherwise. */
  order(
    model: string,
    options: string,
    body: Body = DATA,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return this.fetch(`/v1/models/${model}/versions?${options}`, {
      method: "POST",
      body,
      headers: { "content-type": "text/csv", ...headers },
    });
  }

  /** Orders a training that is accepted. @returns the id of its job. */
  async accepted(model: string, options: string, body: Body = DATA, headers = {}): Promise<string> {
    const response = await this.order(model, options, body, headers);
    const text = await response.text();
    if (response.status !== 202) throw new Error(`${response.status} ${text}`);
    return (JSON.parse(text) as JobAnswer).id;
  }

  /** The job, once the service can say. */
  async job(id: string): Promise<JobAnswer> {
    for (;;) {
      const response = await this.fetch(`/v1/jobs/${id}`);
      const job = (await response.json()) as JobAnswer;
      if (response.status !== 503) return job;
      await delay(50);
    }
  }

  /** Waits until a job is as asked. */
  async until(id: string, holds: (job: JobAnswer) => boolean): Promise<JobAnswer> {
    for (;;) {
      const job = await this.job(id);
      if (holds(job)) return job;
      if (job.endedAt !== null) throw new Error(`${JSON.stringify(job)}\n${this.server.log()}`);
      await delay(50);
    }
  }

  ended(id: string): Promise<JobAnswer> {
    return this.until(id, ({ endedAt }) => endedAt !== null);
  }
}
