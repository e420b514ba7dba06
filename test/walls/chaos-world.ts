/** One run of the chaos test: a registry and a batcher on simulated files and time, and what is done to them. */

import type { Engine, Executable } from "../../src/engine/engine.js";
import { ClientGoneError, ResiduaError } from "../../src/errors.js";
import type { Network } from "../../src/network/network.js";
import type { Weights } from "../../src/network/weights.js";
import { FolderStore } from "../../src/registry/folder-store.js";
import { Registry } from "../../src/registry/registry.js";
import { Batcher } from "../../src/serving/batcher.js";
import { ReferenceEngine } from "../registry/reference-engine.js";
import { type Bundles, NAMES, VERSIONS, WINDOW } from "./chaos-bundles.js";
import { ChaosPublisher } from "./chaos-publisher.js";
import { failure, SIMULATED, type SimulatedFiles } from "./simulated-files.js";
import { SimulatedTime } from "./simulated-time.js";

const PASSING = ["EIO", "EMFILE", "ESTALE", "EAGAIN"] as const;
const MOST_STEPS = 20_000;
/** What a caller may be told while versions come and go and the queue is short. */
const EXPECTED = new Set([
  "MODEL_NOT_FOUND",
  "VERSION_NOT_FOUND",
  "ALIAS_NOT_FOUND",
  "MODEL_NOT_READY",
  "QUEUE_FULL",
  "DEADLINE_EXCEEDED",
]);

export class ChaosWorld {
  readonly time: SimulatedTime;
  readonly trace: string[] = [];
  readonly #files: SimulatedFiles;
  readonly #bundles: Bundles;
  readonly #engine = new ReferenceEngine();
  readonly #batcher: Batcher;
  #registry!: Registry;
  #hasFaults = true;
  readonly #publisher: ChaosPublisher;
  readonly #served = new Set<string>();
  #open = 0;
  asked = 0;
  answered = 0;
  refused = 0;

  constructor(seed: number, files: SimulatedFiles, bundles: Bundles) {
    this.time = new SimulatedTime(seed);
    this.#files = files;
    this.#bundles = bundles;
    this.#publisher = new ChaosPublisher(this.time, files, bundles, this.trace);
    files.reset((operation) => this.#faulty(operation, 0.02));
    this.#batcher = new Batcher({
      maxBatchWindows: 1 + this.time.below(6),
      maxWaitMs: this.time.below(3),
      maxQueueWindows: 4 + this.time.below(20),
      concurrentRuns: 1 + this.time.below(2),
      scheduler: this.time,
    });
    for (const name of NAMES) this.#publisher.publish(name, 1);
  }

  /** A time limit; while nothing fails any more, none is over. */
  setTimer(task: () => void, delayMs: number): () => void {
    return this.time.after(this.#hasFaults ? delayMs : Number.MAX_SAFE_INTEGER, () => {
      if (this.#hasFaults) task();
    });
  }

  /** A step that comes at any time, and may fail. */
  async #faulty(what: string, probability: number): Promise<void> {
    if (this.time.random() < 0.5) await this.time.later();
    if (!this.#hasFaults || this.time.random() >= probability) return;
    const code = PASSING[this.time.below(PASSING.length)]!;
    this.trace.push(`${what} fails with ${code}`);
    throw failure(code, what);
  }

  /** An engine whose compilations and runs come late, and fail. */
  get #flakyEngine(): Engine {
    return {
      name: "wasm",
      device: "cpu",
      compile: async (network: Network, weights: Weights): Promise<Executable> => {
        await this.#faulty("compile", 0.02);
        const executable = await this.#engine.compile(network, weights);
        this.#open += 1;
        let isClosed = false;
        return {
          network,
          run: async (windows, count) => {
            if (isClosed) throw new Error("a closed version was run");
            await this.#faulty("run", 0.03);
            return executable.run(windows, count);
          },
          close: async () => {
            if (!isClosed) this.#open -= 1;
            isClosed = true;
          },
        };
      },
      close: async () => undefined,
    };
  }

  async run(actions: number): Promise<void> {
    let error: unknown;
    let isDone = false;
    this.#scenario(actions).then(
      () => {
        isDone = true;
      },
      (cause: unknown) => {
        error = cause;
        isDone = true;
      },
    );
    await new Promise(setImmediate);
    for (let steps = 0; !isDone; steps++) {
      if (steps > MOST_STEPS || !(await this.time.step())) {
        if (isDone) break;
        throw new Error(`It hangs: ${this.answered} of ${this.asked} requests were answered.`);
      }
    }
    if (error !== undefined) throw error;
  }

  async #scenario(actions: number): Promise<void> {
    this.#registry = await Registry.open({
      store: new FolderStore(SIMULATED),
      engine: this.#flakyEngine,
      liveVersions: 1 + this.time.below(2),
      pollSeconds: 2,
      schedule: (task, delayMs) => this.time.after(delayMs, task),
      memoryRoom: () => Number.POSITIVE_INFINITY,
      log: { info: () => undefined, warn: () => undefined },
    });
    const requests: Promise<void>[] = [];
    const others: Promise<unknown>[] = [];
    // Most runs are about a service that serves, the others about one that starts.
    if (this.time.random() < 0.8) await this.#registry.poll();
    for (let action = 0; action < actions; action++) {
      for (let pause = this.time.below(8); pause >= 0; pause--) await this.time.later();
      const name = NAMES[this.time.below(NAMES.length)]!;
      const version = VERSIONS[this.time.below(VERSIONS.length)]!;
      const choice = this.time.random();
      if (choice < 0.6) requests.push(this.#request(name, version));
      else if (choice < 0.72) others.push(this.#publisher.publishInPieces(name, version));
      else if (choice < 0.78) this.#publisher.publish(name, version);
      else if (choice < 0.84) this.#publisher.remove(name, version);
      else if (choice < 0.92) others.push(this.#setAlias(name, version));
      else others.push(this.#publisher.writeAliases(name, version));
    }
    await Promise.all([...requests, ...others]);
    await this.#settle();
  }

  /** Faults over, everything whole is live, and what is not is closed. */
  async #settle(): Promise<void> {
    this.#hasFaults = false;
    for (const name of NAMES) {
      const file = `${SIMULATED}/${name}/aliases.json`;
      if (this.#files.has(file)) this.#files.remove(file);
    }
    // What was given up for its time is asked again once it has come back.
    for (let poll = 0; poll < 4; poll++) {
      await this.#registry.poll();
      if (poll > 0 && this.#registry.readiness().ready) break;
    }
    const { ready, problems } = this.#registry.readiness();
    if (!ready) throw new Error(`It is not ready although nothing fails any more: ${problems.join(" ")}`);
    let live = 0;
    for (const { name, versions } of this.#registry.listModels()) {
      const newest = versions.find(({ version }) => this.#publisher.whole.has(`${name}/${version}`));
      if (newest?.state !== "live")
        throw new Error(`${name} ${newest?.version} is ${newest?.state}, not live.`);
      live += versions.filter(({ state }) => state === "live").length;
    }
    if (this.#open !== live) throw new Error(`${this.#open} executables are open for ${live} live versions.`);
    await this.#registry.close();
    if (this.#open !== 0) throw new Error(`${this.#open} executables are open after the end.`);
    if (this.answered + this.refused !== this.asked) throw new Error("A request was lost.");
    if (this.#batcher.waitingWindows !== 0) throw new Error("Windows wait that nobody asked for any more.");
  }

  async #request(name: string, version: number): Promise<void> {
    this.asked += 1;
    const byVersion = this.time.random() < 0.2;
    const selection = byVersion ? { version: String(version) } : {};
    const client = { destroyed: false };
    try {
      const lease = this.#registry.acquire(name, selection);
      try {
        const { model } = lease;
        if (byVersion && model.version !== selection.version) throw new Error("Another version answers.");
        this.#served.add(name);
        const count = 1 + this.time.below(3);
        const windows = new Float32Array(count * WINDOW.length);
        for (let i = 0; i < count; i++) windows.set(WINDOW, i * WINDOW.length);
        const deadlineAtMs = this.time.random() < 0.2 ? this.time.now() + this.time.below(2_000) : undefined;
        const result = this.#batcher.submit({ target: model, windows, count, deadlineAtMs, client });
        if (this.time.random() < 0.1) client.destroyed = true;
        const { outputs } = await result;
        const expected = this.#bundles.get(`${name}/${model.version}`)!.embedding;
        const wrong = outputs.embedding.findIndex((value, i) => value !== expected[i % expected.length]);
        if (wrong >= 0 || outputs.embedding.length !== count * expected.length) {
          throw new Error(`The answer of ${name} ${model.version} is not that version's.`);
        }
        this.answered += 1;
      } finally {
        lease.release();
      }
    } catch (error) {
      this.#checkRefusal(name, byVersion, client.destroyed, error);
      this.refused += 1;
    }
  }

  #checkRefusal(name: string, byVersion: boolean, isGone: boolean, error: unknown): void {
    if (error instanceof ClientGoneError && isGone) return;
    if (!(error instanceof ResiduaError)) throw error;
    if (error.code === "INFERENCE_FAILED") {
      const { cause } = error as { cause?: { syscall?: unknown } };
      if (cause?.syscall === "simulated") return;
    }
    const isMissing = /^MODEL_NOT|^VERSION_NOT/.test(error.code);
    // A model that served, and whose version 1 is whole at all times, goes on to serve.
    if (isMissing && !byVersion && this.#served.has(name)) throw error;
    if (!EXPECTED.has(error.code)) throw error;
  }

  async #setAlias(name: string, version: number): Promise<void> {
    const isMine = (error: unknown): boolean =>
      error instanceof ResiduaError ||
      (error as { syscall?: unknown }).syscall === "simulated" ||
      (error as { code?: unknown }).code === "ETIMEDOUT";
    await this.#registry.setAlias(name, "candidate", String(version)).catch((error: unknown) => {
      if (!isMine(error)) throw error;
    });
  }
}
