/**
 * Keeps a device process alive and its work in order.
 *
 *   starting --ready--> up --death--> down --backoff--> starting ...
 *
 * The process carries out one question at a time. Runs go before warming. When it dies, the question it was at is
 * what it died of: a run is asked again once, and a model that two processes died of in a row is set aside. What
 * waits is asked of the next process, which warms the batch sizes when there is nothing better to do.
 */
import { ResiduaError } from "../../errors.js";
import type { DeviceCommand, DeviceDeath } from "./device-connection.js";
import type { DeviceReady, Program } from "./device-frames.js";
import { DeviceLife } from "./device-life.js";
import { Restarts } from "./device-restarts.js";
import type { Model, ModelPlan, Question, QuestionKind } from "./device-work.js";
import { Work, warmings } from "./device-work.js";

export type DeviceLog = (level: "debug" | "info" | "warn" | "error", message: string) => void;

export interface DeviceOptions {
  readonly command: DeviceCommand;
  readonly log: DeviceLog;
  /** Wait before the 1st, 2nd, ... start after deaths in a row; the last one from there on. */
  readonly backoffMs?: readonly number[];
  /** How long after a death runs may wait for an answer. */
  readonly patienceMs?: number;
  /** A question that takes longer is taken for a hang, and the process is killed. */
  readonly hangMs?: number;
}

const BACKOFF_MS = [0, 200, 500, 1_000, 2_000, 5_000];
const PATIENCE_MS = 4_000;
const HANG_MS = 120_000;
const GOODBYE_MS = 2_000;
const SET_ASIDE_AT = 2;

export class Device {
  private readonly options: DeviceOptions;
  private readonly restarts: Restarts;
  private readonly models = new Map<number, Model>();
  private readonly work = new Work();
  private life: DeviceLife | undefined;
  private isClosed = false;
  private nextModel = 1;
  private onStarted:
    | { resolve: (ready: DeviceReady) => void; reject: (death: DeviceDeath) => void }
    | undefined;
  private onEnded: (() => void) | undefined;

  private constructor(options: DeviceOptions) {
    this.options = options;
    this.restarts = new Restarts(options.backoffMs ?? BACKOFF_MS, options.patienceMs ?? PATIENCE_MS);
  }

  /**
   * Starts the first process. A later one that dies is replaced; one that cannot start at all is an error.
   * @returns the device, and what its process said of itself. Rejects with a DeviceDeath.
   */
  static async start(options: DeviceOptions): Promise<{ device: Device; ready: DeviceReady }> {
    const device = new Device(options);
    const ready = await new Promise<DeviceReady>((resolve, reject) => {
      device.onStarted = { resolve, reject };
      device.begin();
    });
    return { device, ready };
  }

  /** The process's id, for logs and for whoever wants to end it; `undefined` while there is none. */
  get pid(): number | undefined {
    return this.life?.pid;
  }

  /** Loads a model. Rejects with INFERENCE_FAILED where the process cannot. */
  async load(plan: ModelPlan): Promise<number> {
    const model: Model = { ...plan, number: this.nextModel++, suspicion: 0 };
    this.models.set(model.number, model);
    try {
      await this.ask("load", model, 0);
    } catch (error) {
      this.models.delete(model.number);
      throw error;
    }
    return model.number;
  }

  /** Makes a model ready: its plain program, and the compiled one for every batch size of its plan. */
  async warm(number: number): Promise<void> {
    const model = this.model(number);
    await Promise.all(
      warmings(model).map(({ program, count }) => this.ask("warm", model, count, undefined, program)),
    );
  }

  /**
   * Runs a model on `count` windows, no more than its largest batch size where it has no plain program.
   * @returns float32 of all outputs, one after the other.
   * Rejects with ENGINE_RESTARTING, or INFERENCE_FAILED where it is the model's fault.
   */
  run(number: number, windows: Float32Array, count: number): Promise<Uint8Array> {
    return this.ask("run", this.model(number), count, windows);
  }

  /** Frees a model; no run of it may be under way. */
  async unload(number: number): Promise<void> {
    const model = this.models.get(number);
    if (model === undefined) return;
    this.models.delete(number);
    this.work.takeOf(model);
    if (this.isClosed || !this.life?.has(number)) return;
    // Should the process die instead, the memory is given back as well.
    await this.ask("unload", model, 0).catch(() => undefined);
  }

  /** Ends the process; whatever still waits is rejected. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    this.restarts.stop();
    const { life } = this;
    const waiting = [...(life?.unanswered() ?? []), ...this.work.takeAll()];
    for (const question of waiting) question.reject(closed());
    if (life === undefined) return;
    const killer = setTimeout(() => life.kill(), GOODBYE_MS);
    await new Promise<void>((resolve) => {
      this.onEnded = resolve;
      life.hangUp();
    });
    clearTimeout(killer);
  }

  private model(number: number): Model {
    const model = this.models.get(number);
    if (model === undefined) throw new RangeError(`model ${number} is not there`);
    return model;
  }

  private ask(
    kind: QuestionKind,
    model: Model,
    count: number,
    windows?: Float32Array,
    program: Program = "compiled",
  ): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.isClosed) reject(closed());
      else if (isSetAside(model)) reject(setAside(model));
      else if (kind === "run" && this.restarts.refusesRuns) reject(this.restarts.error());
      else {
        this.work.add({ kind, model, count, program, windows, resolve, reject, deaths: 0 });
        this.pump();
      }
    });
  }

  private pump(): void {
    while (this.life?.takesQuestions) {
      const question = this.work.next(this.life.isIdle);
      if (question === undefined) return;
      this.life.ask(question);
    }
  }

  private begin(): void {
    this.life = new DeviceLife(this.options.command, this.options.hangMs ?? HANG_MS, {
      line: (line) => this.options.log("debug", line),
      ready: (ready) => {
        this.onStarted?.resolve(ready);
        this.onStarted = undefined;
        this.pump();
      },
      answer: (question, payload, reason) => this.answered(question, payload, reason),
      death: (asked, death) => this.died(asked, death),
    });
  }

  private answered({ kind, model, resolve, reject }: Question, payload: Uint8Array, reason?: string): void {
    this.restarts.answered();
    if (reason !== undefined) {
      reject(new ResiduaError("INFERENCE_FAILED", `The device could not ${kind} ${model.label}: ${reason}`));
    } else {
      if (kind === "run" || kind === "warm") {
        this.restarts.ran();
        model.suspicion = 0;
      }
      resolve(payload);
    }
    this.pump();
  }

  private died(asked: Question[], death: DeviceDeath): void {
    this.life = undefined;
    if (this.isClosed) {
      this.onEnded?.();
      return;
    }
    if (this.onStarted !== undefined) {
      this.isClosed = true;
      this.onStarted.reject(death);
      return;
    }
    const [cause] = asked;
    if (cause !== undefined) this.blame(cause, death);
    // Asked first again, in the order they were in.
    for (const question of asked.reverse()) this.askAgain(question);
    for (const model of this.models.values()) if (!isSetAside(model)) this.work.warmAgain(model);
    const delayMs = this.restarts.schedule(
      () => this.begin(),
      () => {
        // One that was sent stays in line for its answer, but nobody waits for that any more.
        const runs = [...(this.life?.runsUnderWay() ?? []), ...this.work.takeRuns()];
        for (const question of runs) question.reject(this.restarts.error());
      },
    );
    const doing = cause === undefined ? "" : ` at the ${cause.kind} of ${cause.model.label}`;
    this.options.log(
      "warn",
      `The device process ended (${death.how})${doing}; another one starts in ${delayMs} ms.`,
    );
  }

  /** A process that was killed from outside is half a suspicion: whoever killed it may not have looked. */
  private blame(cause: Question, death: DeviceDeath): void {
    const { model } = cause;
    model.suspicion += death.killed ? 0.5 : 1;
    cause.deaths += 1;
    if (!isSetAside(model)) return;
    this.options.log(
      "error",
      `${model.label} is set aside: the device process died of it again (${death.how}). ${death.lastLines.at(-1) ?? ""}`,
    );
    for (const question of this.work.takeOf(model)) question.reject(setAside(model));
  }

  private askAgain(question: Question): void {
    if (isSetAside(question.model)) question.reject(setAside(question.model));
    else if (question.kind === "unload") question.resolve(new Uint8Array(0));
    else if (question.kind === "run" && (question.deaths > 1 || this.restarts.refusesRuns)) {
      question.reject(this.restarts.error());
    } else this.work.putBack(question);
  }
}

function isSetAside(model: Model): boolean {
  return model.suspicion >= SET_ASIDE_AT;
}

function setAside(model: Model): ResiduaError {
  return new ResiduaError(
    "INFERENCE_FAILED",
    `${model.label} is set aside: the device process died of it twice.`,
  );
}

function closed(): ResiduaError {
  return new ResiduaError("SHUTTING_DOWN", "The engine is closed.");
}
