/**
 * Keeps a device process alive and its work in order.
 *
 *   starting --ready--> up --death--> down --backoff--> starting ...
 *
 * The process carries out one question at a time; at most two are with it, so that it never waits for this side.
 * Runs go before warming. When the process dies, the question it was at is what it died of: a run is asked again
 * once, and a model that two processes died of in a row is set aside. What waits is asked of the next process, which
 * loads a model when its first question comes and warms the batch sizes when there is nothing better to do.
 */
import { ResiduaError } from "../../errors.js";
import type { DeviceCommand, DeviceDeath } from "./device-connection.js";
import { DeviceConnection } from "./device-connection.js";
import type { DeviceModel, DeviceReady, Program } from "./device-frames.js";
import { asBytes, encodeJson, FRAME } from "./device-frames.js";
import type { Model, ModelPlan, Question, QuestionKind } from "./device-work.js";
import { chooseBatch, quietQuestion, Work, warmings } from "./device-work.js";

export type DeviceLog = (level: "debug" | "info" | "warn" | "error", message: string) => void;

export interface DeviceOptions {
  readonly command: DeviceCommand;
  readonly log: DeviceLog;
  /** Wait before the 1st, 2nd, ... start after deaths in a row; the last one from there on. */
  readonly backoffMs?: readonly number[];
  /** How long after a death runs may wait for the next process. */
  readonly patienceMs?: number;
  /** A question that takes longer is taken for a hang, and the process is killed. */
  readonly hangMs?: number;
}

const QUESTIONS_AHEAD = 2;
const SET_ASIDE_AT = 2;
/** Loading TensorFlow takes a second, on a GPU several. */
const MAX_START_MS = 60_000;

export class Device {
  private readonly options: Required<DeviceOptions>;
  private readonly models = new Map<number, Model>();
  private readonly work = new Work();
  private readonly asked: { question: Question; id: number; program: Program; size: number }[] = [];
  private connection: DeviceConnection | undefined;
  private up = false;
  private closed = false;
  private loaded = new Set<number>();
  private warmed = new Map<number, Set<number>>();
  private deathsInRow = 0;
  private outOfPatience = false;
  private restartAtMs = 0;
  private nextId = 1;
  private nextModel = 1;
  private restartTimer: NodeJS.Timeout | undefined;
  private patienceTimer: NodeJS.Timeout | undefined;
  private hangTimer: NodeJS.Timeout | undefined;
  private onFirst:
    | { resolve: (ready: DeviceReady) => void; reject: (death: DeviceDeath) => void }
    | undefined;
  private onClosed: (() => void) | undefined;

  private constructor(options: DeviceOptions) {
    this.options = {
      backoffMs: [0, 200, 500, 1_000, 2_000, 5_000],
      patienceMs: 4_000,
      hangMs: 120_000,
      ...options,
    };
  }

  /**
   * Starts the first process. A later one that dies is replaced; one that cannot start at all is an error.
   * @returns the device, and what its process said of itself. Rejects with a DeviceDeath.
   */
  static async start(options: DeviceOptions): Promise<{ device: Device; ready: DeviceReady }> {
    const device = new Device(options);
    const ready = await new Promise<DeviceReady>((resolve, reject) => {
      device.onFirst = { resolve, reject };
      device.connect();
    });
    return { device, ready };
  }

  /** The process's id, for logs and for whoever wants to end it; `undefined` while there is none. */
  get pid(): number | undefined {
    return this.connection?.pid;
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
   * Runs a model on `count` windows, no more than its largest batch size where it has no plain
   * program.
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
    if (this.closed || !this.loaded.has(number)) return;
    // Should the process die instead, the memory is given back as well.
    await this.ask("unload", model, 0).catch(() => undefined);
  }

  /** Ends the process; whatever still waits is rejected. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    for (const timer of [this.restartTimer, this.patienceTimer, this.hangTimer]) clearTimeout(timer);
    const gone = new ResiduaError("SHUTTING_DOWN", "The engine is closed.");
    const waiting = [...this.asked.splice(0).map(({ question }) => question), ...this.work.takeAll()];
    for (const question of waiting) question.reject(gone);
    if (this.connection === undefined) return;
    const { connection } = this;
    const killer = setTimeout(() => connection.kill(), 2_000);
    await new Promise<void>((resolve) => {
      this.onClosed = resolve;
      connection.hangUp();
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
      if (this.closed) reject(new ResiduaError("SHUTTING_DOWN", "The engine is closed."));
      else if (model.suspicion >= SET_ASIDE_AT) reject(this.setAside(model));
      else if (kind === "run" && this.outOfPatience) reject(this.restarting());
      else {
        this.work.add({ kind, model, count, program, windows, resolve, reject, deaths: 0 });
        this.pump();
      }
    });
  }

  private pump(): void {
    while (this.up && this.asked.length < QUESTIONS_AHEAD) {
      const question = this.work.next(this.asked.length === 0);
      if (question === undefined) return;
      if (question.kind !== "load" && question.kind !== "unload" && !this.loaded.has(question.model.number)) {
        this.send(quietQuestion("load", question.model, 0));
      }
      this.send(question);
    }
  }

  private send(question: Question): void {
    const { kind, model, count, windows } = question;
    const id = this.nextId++;
    const { program, size } =
      kind === "run"
        ? chooseBatch(model, count, this.warmed.get(model.number))
        : { program: question.program, size: count };
    this.asked.push({ question, id, program, size });
    if (this.asked.length === 1) this.watch();
    const head = { id, model: model.number, program, count, kind: FRAME[kind] };
    if (kind === "load") {
      this.loaded.add(model.number);
      const { folder, programs, windowShape, outputs } = model;
      const described: DeviceModel = { folder, programs, windowShape, outputs };
      this.connection?.send(head, [encodeJson(described)]);
    } else if (kind === "run" && windows !== undefined) {
      const windowSize = model.windowShape[0] * model.windowShape[1];
      const bytes = asBytes(windows).subarray(0, 4 * count * windowSize);
      this.connection?.send({ ...head, room: 4 * size * windowSize }, [bytes]);
    } else {
      if (kind === "unload") this.loaded.delete(model.number);
      this.connection?.send(head);
    }
  }

  private answered(id: number, payload: Uint8Array, reason: string | undefined): void {
    const first = this.asked.shift();
    if (first === undefined || first.id !== id) {
      // An answer out of order belongs to nobody; only a fresh process can be trusted.
      if (first !== undefined) this.asked.unshift(first);
      this.connection?.kill();
      return;
    }
    const { question, program, size } = first;
    this.watch();
    // It answers again: from here on a run waits for its turn and not for a process.
    clearTimeout(this.patienceTimer);
    this.patienceTimer = undefined;
    this.outOfPatience = false;
    if (reason !== undefined) {
      if (question.kind === "load") this.loaded.delete(question.model.number);
      question.reject(
        new ResiduaError(
          "INFERENCE_FAILED",
          `The device could not ${question.kind} ${question.model.label}: ${reason}`,
        ),
      );
    } else {
      if (question.kind === "run" || question.kind === "warm") {
        this.deathsInRow = 0;
        question.model.suspicion = 0;
        if (program === "compiled") this.isWarm(question.model.number, size);
      }
      question.resolve(payload);
    }
    this.pump();
  }

  private isWarm(model: number, size: number): void {
    this.warmed.set(model, (this.warmed.get(model) ?? new Set()).add(size));
  }

  private connect(): void {
    this.restartAtMs = 0;
    this.loaded = new Set();
    this.warmed = new Map();
    const connection = new DeviceConnection(this.options.command, {
      line: (line) => this.options.log("debug", line),
      ready: (ready) => {
        this.up = true;
        this.watch();
        this.onFirst?.resolve(ready);
        this.onFirst = undefined;
        this.pump();
      },
      answer: (id, payload, reason) => this.answered(id, payload, reason),
      death: (death) => this.died(death),
    });
    this.connection = connection;
    this.watch();
  }

  private died(death: DeviceDeath): void {
    this.connection = undefined;
    this.up = false;
    clearTimeout(this.hangTimer);
    if (this.closed) {
      this.onClosed?.();
      return;
    }
    if (this.onFirst !== undefined) {
      this.closed = true;
      this.onFirst.reject(death);
      return;
    }
    const asked = this.asked.splice(0).map(({ question }) => question);
    const [cause] = asked;
    if (cause !== undefined) this.blame(cause, death);
    // Asked first again, in the order they were in.
    for (const question of asked.reverse()) this.askAgain(question);
    for (const model of this.models.values()) if (model.suspicion < SET_ASIDE_AT) this.work.warmAgain(model);
    this.restart(cause, death);
  }

  private blame(cause: Question, death: DeviceDeath): void {
    const { model } = cause;
    model.suspicion += death.killed ? 0.5 : 1;
    cause.deaths += 1;
    if (model.suspicion < SET_ASIDE_AT) return;
    this.options.log(
      "error",
      `${model.label} is set aside: the device process died of it again (${death.how}). ${death.lastLines.at(-1) ?? ""}`,
    );
    for (const question of this.work.takeOf(model)) question.reject(this.setAside(model));
  }

  private askAgain(question: Question): void {
    if (question.model.suspicion >= SET_ASIDE_AT) question.reject(this.setAside(question.model));
    else if (question.kind === "unload") question.resolve(new Uint8Array(0));
    else if (question.kind === "run" && (question.deaths > 1 || this.outOfPatience)) {
      question.reject(this.restarting());
    } else this.work.putBack(question);
  }

  private restart(cause: Question | undefined, death: DeviceDeath): void {
    const { backoffMs, patienceMs, log } = this.options;
    const delay = backoffMs[Math.min(this.deathsInRow, backoffMs.length - 1)] ?? 0;
    this.deathsInRow += 1;
    const doing = cause === undefined ? "" : ` at the ${cause.kind} of ${cause.model.label}`;
    log("warn", `The device process ended (${death.how})${doing}; another one starts in ${delay} ms.`);
    this.restartAtMs = Date.now() + delay;
    this.restartTimer = setTimeout(() => this.connect(), delay);
    this.patienceTimer ??= setTimeout(() => {
      this.patienceTimer = undefined;
      this.outOfPatience = true;
      // One that was sent stays in line for its answer, but nobody waits for that any more.
      const sent = this.asked.map(({ question }) => question).filter(({ kind }) => kind === "run");
      for (const question of [...sent, ...this.work.takeRuns()]) question.reject(this.restarting());
    }, patienceMs);
  }

  /** Watches the question the process is at, or its start: one that takes too long is taken for dead. */
  private watch(): void {
    clearTimeout(this.hangTimer);
    this.hangTimer = undefined;
    if (this.asked.length === 0 && this.up) return;
    const { connection } = this;
    const limitMs = this.up ? this.options.hangMs : MAX_START_MS;
    this.hangTimer = setTimeout(() => connection?.kill(), limitMs);
  }

  private setAside(model: Model): ResiduaError {
    return new ResiduaError(
      "INFERENCE_FAILED",
      `${model.label} is set aside: the device process died of it twice.`,
    );
  }

  private restarting(): ResiduaError {
    const seconds = Math.ceil(Math.max(0, this.restartAtMs - Date.now()) / 1_000) + 1;
    return new ResiduaError(
      "ENGINE_RESTARTING",
      `The process that owns the device is restarting; try again in ${seconds} s.`,
      {
        retryAfterSeconds: seconds,
      },
    );
  }
}
