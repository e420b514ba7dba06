/**
 * Keeps a device process running, and sends it tasks.
 *
 *   starting --ready--> up --exit--> down --backoff--> starting ...
 *
 * The process carries out one task at a time, runs before warm-ups. When it exits, the task it was working on counts
 * as the cause: a run is sent once more, and a model whose tasks ended two processes in a row is disabled
 * (device-crashes.ts). The tasks that wait go to the next process, which also warms the batch sizes of all models
 * again when it has no run to do.
 */
import { ResiduaError } from "../../errors.js";
import type { DeviceExit } from "./device-connection.js";
import { countCrash, disabledError, failedError, isDisabled } from "./device-crashes.js";
import type { DeviceReady, Program } from "./device-frames.js";
import type { DeviceOptions } from "./device-options.js";
import { DEFAULT_BACKOFF_MS, DEFAULT_PATIENCE_MS, limitsOf } from "./device-options.js";
import { Restarts } from "./device-restarts.js";
import { DeviceSession } from "./device-session.js";
import type { Model, ModelPlan, Task, TaskKind } from "./device-tasks.js";
import { TaskQueue, warmUps } from "./device-tasks.js";

/** How long `close` waits for the process to end by itself before it kills it. */
const CLOSE_MS = 2_000;

export class Device {
  private readonly options: DeviceOptions;
  readonly restarts: Restarts;
  private readonly models = new Map<number, Model>();
  private readonly tasks = new TaskQueue();
  private session: DeviceSession | undefined;
  private isClosed = false;
  private nextModel = 1;
  private onStarted:
    | { resolve: (ready: DeviceReady) => void; reject: (exit: DeviceExit) => void }
    | undefined;
  private onEnded: (() => void) | undefined;

  private constructor(options: DeviceOptions) {
    this.options = options;
    this.restarts = new Restarts(
      options.backoffMs ?? DEFAULT_BACKOFF_MS,
      options.patienceMs ?? DEFAULT_PATIENCE_MS,
    );
  }

  /**
   * Starts the first process. Processes that end after it was ready are replaced.
   * @returns the device, and what its process reported. Rejects with a DeviceExit where the first process does not
   *   become ready.
   */
  static async start(options: DeviceOptions): Promise<{ device: Device; ready: DeviceReady }> {
    const device = new Device(options);
    const ready = await new Promise<DeviceReady>((resolve, reject) => {
      device.onStarted = { resolve, reject };
      device.startSession();
    });
    return { device, ready };
  }

  /** The id of the process; `undefined` while there is none. */
  get pid(): number | undefined {
    return this.session?.pid;
  }

  /** Whether a process is there, has loaded TensorFlow, and shows that it lives. */
  get isSound(): boolean {
    return this.session?.isSound === true;
  }

  /**
   * Loads a model into the process, and into each that replaces it.
   * @returns the number of the model. Rejects with INFERENCE_FAILED where the process cannot load it.
   */
  async load(plan: ModelPlan): Promise<number> {
    const model: Model = { ...plan, number: this.nextModel++, crashes: 0 };
    this.models.set(model.number, model);
    try {
      await this.submit("load", model, 0);
    } catch (error) {
      this.models.delete(model.number);
      throw error;
    }
    return model.number;
  }

  /**
   * Runs each program of a model once on zeros, the compiled one for every batch size of its plan.
   * Rejects with INFERENCE_FAILED where a program does not run, and with RangeError for a model that is not loaded.
   */
  async warm(number: number): Promise<void> {
    const model = this.model(number);
    await Promise.all(
      warmUps(model).map(({ program, count }) => this.submit("warm", model, count, undefined, program)),
    );
  }

  /**
   * Runs a model.
   * @param windows [count, T, F] in scaled units.
   * @param count at most the model's largest batch size where it has no plain program.
   * @returns the float32 of all outputs, one output after the other. Rejects with ENGINE_RESTARTING while no process
   *   answers, SHUTTING_DOWN once the device is closed, and INFERENCE_FAILED where the run fails or the model is disabled.
   * @throws RangeError for a model that is not loaded.
   */
  run(number: number, windows: Float32Array, count: number): Promise<Uint8Array> {
    return this.submit("run", this.model(number), count, windows);
  }

  /** Frees a model. Call it when no run of the model is under way. */
  async unload(number: number): Promise<void> {
    const model = this.models.get(number);
    if (model === undefined) return;
    this.models.delete(number);
    this.tasks.takeTasksOf(model);
    if (this.isClosed || !this.session?.has(number)) return;
    // An error does not matter: a process that ended has freed its memory.
    await this.submit("unload", model, 0).catch(() => undefined);
  }

  /** Ends the process. Tasks that were not answered are rejected with SHUTTING_DOWN. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    this.restarts.stop();
    const { session } = this;
    const waiting = [...(session?.unanswered() ?? []), ...this.tasks.takeAll()];
    for (const task of waiting) task.reject(closedError());
    if (session === undefined) return;
    const killer = setTimeout(() => session.kill(), CLOSE_MS);
    await new Promise<void>((resolve) => {
      this.onEnded = resolve;
      session.hangUp();
    });
    clearTimeout(killer);
  }

  private model(number: number): Model {
    const model = this.models.get(number);
    if (model === undefined) throw new RangeError(`model ${number} is not loaded`);
    return model;
  }

  private submit(
    kind: TaskKind,
    model: Model,
    count: number,
    windows?: Float32Array,
    program: Program = "compiled",
  ): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.isClosed) reject(closedError());
      else if (isDisabled(model)) reject(disabledError(model));
      else if (kind === "run" && this.restarts.refusesRuns) reject(this.restarts.error());
      else {
        this.tasks.add({ kind, model, count, program, windows, resolve, reject, crashes: 0 });
        this.sendTasks();
      }
    });
  }

  private sendTasks(): void {
    while (this.session?.takesTasks) {
      const task = this.tasks.next(this.session.isIdle);
      if (task === undefined) return;
      this.session.send(task);
    }
  }

  private startSession(): void {
    this.session = new DeviceSession(this.options.command, limitsOf(this.options), {
      line: (line) => this.options.log("debug", line),
      ready: (ready) => {
        this.onStarted?.resolve(ready);
        this.onStarted = undefined;
        this.sendTasks();
      },
      answer: (task, payload, reason) => this.answered(task, payload, reason),
      exit: (unanswered, exit) => this.exited(unanswered, exit),
    });
  }

  private answered({ kind, model, resolve, reject }: Task, payload: Uint8Array, reason?: string): void {
    this.restarts.answered();
    if (reason !== undefined) {
      reject(failedError(kind, model, reason));
    } else {
      if (kind === "run" || kind === "warm") {
        this.restarts.ran();
        model.crashes = 0;
      }
      resolve(payload);
    }
    this.sendTasks();
  }

  private exited(unanswered: Task[], exit: DeviceExit): void {
    this.session = undefined;
    if (this.isClosed) {
      this.onEnded?.();
      return;
    }
    if (this.onStarted !== undefined) {
      this.isClosed = true;
      this.onStarted.reject(exit);
      return;
    }
    const [cause] = unanswered;
    if (cause !== undefined) this.countCrash(cause, exit);
    // `putBack` puts a task first, so the last one goes back first.
    for (const task of unanswered.reverse()) this.retry(task);
    for (const model of this.models.values()) if (!isDisabled(model)) this.tasks.addWarmUps(model);
    const delayMs = this.restarts.schedule(
      () => this.startSession(),
      () => {
        // A run that was sent stays with the session, which counts answers; nobody waits for it any more.
        const runs = [...(this.session?.runsUnderWay() ?? []), ...this.tasks.takeRuns()];
        for (const task of runs) task.reject(this.restarts.error());
      },
    );
    const doing = cause === undefined ? "" : ` during the ${cause.kind} of ${cause.model.label}`;
    this.options.log(
      "warn",
      `The device process ended (${exit.how})${doing}; the next one starts in ${delayMs} ms.`,
    );
  }

  private countCrash(cause: Task, exit: DeviceExit): void {
    const { model } = cause;
    countCrash(cause, exit);
    if (!isDisabled(model)) return;
    const error = disabledError(model);
    this.options.log("error", `${error.message} Its end: ${exit.how}. ${exit.lastLines.at(-1) ?? ""}`);
    for (const task of this.tasks.takeTasksOf(model)) task.reject(error);
  }

  /** What becomes of a task that was sent to a process that exited. */
  private retry(task: Task): void {
    if (isDisabled(task.model)) task.reject(disabledError(task.model));
    else if (task.kind === "unload") task.resolve(new Uint8Array(0));
    else if (task.kind === "run" && (task.crashes > 1 || this.restarts.refusesRuns)) {
      task.reject(this.restarts.error());
    } else this.tasks.putBack(task);
  }
}

function closedError(): ResiduaError {
  return new ResiduaError("SHUTTING_DOWN", "The engine is closed.");
}
