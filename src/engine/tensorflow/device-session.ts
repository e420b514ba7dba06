/**
 * One device process from its start to its exit: the tasks that were sent to it, in order, and the models it has
 * loaded. A model is loaded when its first task is sent. A process that takes too long over one task is killed.
 */

import type { DeviceCommand, DeviceExit } from "./device-connection.js";
import { DeviceConnection } from "./device-connection.js";
import type { DeviceModel, DeviceReady, Program } from "./device-frames.js";
import { asBytes, encodeJson, FRAME } from "./device-frames.js";
import type { Task } from "./device-tasks.js";
import { backgroundTask, chooseBatch } from "./device-tasks.js";

export interface SessionEvents {
  /** A line that the process wrote to stderr. */
  readonly line: (line: string) => void;
  /** The process has loaded TensorFlow and takes tasks. */
  readonly ready: (ready: DeviceReady) => void;
  /** @param reason why the task failed, while the process goes on; `undefined` where it succeeded. */
  readonly answer: (task: Task, payload: Uint8Array, reason: string | undefined) => void;
  /** @param unanswered the tasks that were sent and not answered; the process ended while working on the first. */
  readonly exit: (unanswered: Task[], exit: DeviceExit) => void;
}

/** Tasks sent before the first is answered: with two, the process never waits for its next one. */
const MAX_SENT = 2;
/** Loading TensorFlow takes a second, on a GPU several. */
const MAX_START_MS = 60_000;

export class DeviceSession {
  private readonly connection: DeviceConnection;
  private readonly events: SessionEvents;
  private readonly hangMs: number;
  private readonly sent: { task: Task; id: number; program: Program; size: number }[] = [];
  private readonly loaded = new Set<number>();
  /** By the model's number: the batch sizes its compiled program is warmed for. */
  private readonly warmed = new Map<number, Set<number>>();
  private isUp = false;
  private nextId = 1;
  private hangTimer: NodeJS.Timeout | undefined;

  /**
   * Starts the process.
   * @param limits.hangMs the process is killed when one task takes longer than this many milliseconds.
   * @param limits.silentMs and when it has not shown for so long that it lives.
   */
  constructor(
    command: DeviceCommand,
    limits: { readonly hangMs: number; readonly silentMs: number },
    events: SessionEvents,
  ) {
    this.hangMs = limits.hangMs;
    this.events = events;
    this.connection = new DeviceConnection(command, limits.silentMs, {
      line: events.line,
      ready: (ready) => {
        this.isUp = true;
        this.restartHangTimer();
        events.ready(ready);
      },
      answer: (id, payload, reason) => this.answered(id, payload, reason),
      exit: (exit) => {
        this.isUp = false;
        clearTimeout(this.hangTimer);
        events.exit(
          this.sent.splice(0).map(({ task }) => task),
          exit,
        );
      },
    });
    this.restartHangTimer();
  }

  get pid(): number | undefined {
    return this.connection.pid;
  }

  /** Whether it has loaded TensorFlow, and shows that it lives. */
  get isSound(): boolean {
    return this.isUp && !this.connection.isSilent;
  }

  get takesTasks(): boolean {
    return this.isUp && this.sent.length < MAX_SENT;
  }

  get isIdle(): boolean {
    return this.sent.length === 0;
  }

  /** Whether this process has loaded the model of that number. */
  has(model: number): boolean {
    return this.loaded.has(model);
  }

  unanswered(): Task[] {
    return this.sent.map(({ task }) => task);
  }

  runsUnderWay(): Task[] {
    return this.unanswered().filter(({ kind }) => kind === "run");
  }

  /** Sends a task, and before it the task that loads its model where this process does not have it yet. */
  send(task: Task): void {
    const { kind, model } = task;
    if ((kind === "run" || kind === "warm") && !this.loaded.has(model.number)) {
      this.write(backgroundTask("load", model, 0));
    }
    this.write(task);
  }

  /** Closes the pipe, upon which the process ends by itself; the tasks under way are forgotten. */
  hangUp(): void {
    clearTimeout(this.hangTimer);
    this.sent.length = 0;
    this.connection.hangUp();
  }

  kill(): void {
    this.connection.kill();
  }

  private write(task: Task): void {
    const { kind, model, count, windows } = task;
    const id = this.nextId++;
    const { program, size } =
      kind === "run"
        ? chooseBatch(model, count, this.warmed.get(model.number))
        : { program: task.program, size: count };
    this.sent.push({ task, id, program, size });
    if (this.sent.length === 1) this.restartHangTimer();
    const head = { id, model: model.number, program, count, kind: FRAME[kind] };
    if (kind === "load") {
      this.loaded.add(model.number);
      const { folder, programs, windowShape, outputs } = model;
      const described: DeviceModel = { folder, programs, windowShape, outputs };
      this.connection.send(head, [encodeJson(described)]);
    } else if (windows !== undefined) {
      const windowBytes = 4 * model.windowShape[0] * model.windowShape[1];
      const bytes = asBytes(windows).subarray(0, count * windowBytes);
      this.connection.send({ ...head, room: size * windowBytes }, [bytes]);
    } else {
      if (kind === "unload") this.loaded.delete(model.number);
      this.connection.send(head);
    }
  }

  private answered(id: number, payload: Uint8Array, reason: string | undefined): void {
    const [first] = this.sent;
    if (first?.id !== id) {
      // The process answers in the order of the tasks. One that does not is in an unknown state: start a new one.
      this.kill();
      return;
    }
    this.sent.shift();
    this.restartHangTimer();
    const { task, program, size } = first;
    const { number } = task.model;
    if (reason !== undefined && task.kind === "load") this.loaded.delete(number);
    if (reason === undefined && program === "compiled" && size > 0) {
      this.warmed.set(number, (this.warmed.get(number) ?? new Set()).add(size));
    }
    this.events.answer(task, payload, reason);
  }

  /** Times the task the process works on, or its start; an idle process is not timed. */
  private restartHangTimer(): void {
    clearTimeout(this.hangTimer);
    this.hangTimer = undefined;
    if (this.isUp && this.isIdle) return;
    this.hangTimer = setTimeout(() => this.kill(), this.isUp ? this.hangMs : MAX_START_MS);
  }
}
