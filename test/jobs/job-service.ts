/** Services as processes over one folder of models, with what tests of jobs ask of them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { writeWaves } from "../cli/residua-process.js";
import { type ServerProcess, startServer } from "../server-process.js";

export const TOKEN = "admin-token";
/** Options with which a training takes about a second. */
export const QUICK = "timesteps=8&units=4&epochs=3&folds=1&linear-path=off";
/** Options with which it takes so long that a test can come in between: it is always stopped. */
export const ENDLESS = "timesteps=16&units=8&epochs=100000&patience=0&folds=1&linear-path=off";
export const DATA = writeWaves(400);

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
    ...env,
  });
  t.after(() => server.end("SIGKILL"));
  await server.ready();
  return new JobServer(server);
}

export class JobServer {
  readonly server: ServerProcess;

  constructor(server: ServerProcess) {
    this.server = server;
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

  async job(id: string): Promise<JobAnswer> {
    return (await (await this.fetch(`/v1/jobs/${id}`)).json()) as JobAnswer;
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
