/**
 * One process with what it has been asked and what it has loaded: the questions are with it in order, a model is
 * loaded when its first question comes, and a question that takes too long is taken for a hang.
 */

import type { DeviceCommand, DeviceDeath } from "./device-connection.js";
import { DeviceConnection } from "./device-connection.js";
import type { DeviceModel, DeviceReady, Program } from "./device-frames.js";
import { asBytes, encodeJson, FRAME } from "./device-frames.js";
import type { Question } from "./device-work.js";
import { chooseBatch, quietQuestion } from "./device-work.js";

export interface LifeEvents {
  readonly line: (line: string) => void;
  readonly ready: (ready: DeviceReady) => void;
  readonly answer: (question: Question, payload: Uint8Array, reason: string | undefined) => void;
  /** @param asked what it was asked and did not answer; it died of the first. */
  readonly death: (asked: Question[], death: DeviceDeath) => void;
}

/** So many that the process never waits for its next question. */
const QUESTIONS_AHEAD = 2;
/** Loading TensorFlow takes a second, on a GPU several. */
const MAX_START_MS = 60_000;

export class DeviceLife {
  private readonly connection: DeviceConnection;
  private readonly events: LifeEvents;
  private readonly hangMs: number;
  private readonly asked: { question: Question; id: number; program: Program; size: number }[] = [];
  private readonly loaded = new Set<number>();
  /** By model, the batch sizes that its compiled program is ready for. */
  private readonly compiled = new Map<number, Set<number>>();
  private isUp = false;
  private nextId = 1;
  private hangTimer: NodeJS.Timeout | undefined;

  constructor(command: DeviceCommand, hangMs: number, events: LifeEvents) {
    this.hangMs = hangMs;
    this.events = events;
    this.connection = new DeviceConnection(command, {
      line: events.line,
      ready: (ready) => {
        this.isUp = true;
        this.watch();
        events.ready(ready);
      },
      answer: (id, payload, reason) => this.answered(id, payload, reason),
      death: (death) => {
        this.isUp = false;
        clearTimeout(this.hangTimer);
        events.death(
          this.asked.splice(0).map(({ question }) => question),
          death,
        );
      },
    });
    this.watch();
  }

  get pid(): number | undefined {
    return this.connection.pid;
  }

  get takesQuestions(): boolean {
    return this.isUp && this.asked.length < QUESTIONS_AHEAD;
  }

  get isIdle(): boolean {
    return this.asked.length === 0;
  }

  has(model: number): boolean {
    return this.loaded.has(model);
  }

  unanswered(): Question[] {
    return this.asked.map(({ question }) => question);
  }

  runsUnderWay(): Question[] {
    return this.unanswered().filter(({ kind }) => kind === "run");
  }

  ask(question: Question): void {
    const { kind, model } = question;
    if ((kind === "run" || kind === "warm") && !this.loaded.has(model.number)) {
      this.send(quietQuestion("load", model, 0));
    }
    this.send(question);
  }

  hangUp(): void {
    clearTimeout(this.hangTimer);
    this.asked.length = 0;
    this.connection.hangUp();
  }

  kill(): void {
    this.connection.kill();
  }

  private send(question: Question): void {
    const { kind, model, count, windows } = question;
    const id = this.nextId++;
    const { program, size } =
      kind === "run"
        ? chooseBatch(model, count, this.compiled.get(model.number))
        : { program: question.program, size: count };
    this.asked.push({ question, id, program, size });
    if (this.asked.length === 1) this.watch();
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
    const [first] = this.asked;
    if (first?.id !== id) {
      // An answer out of order belongs to nobody; only a fresh process can be trusted.
      this.kill();
      return;
    }
    this.asked.shift();
    this.watch();
    const { question, program, size } = first;
    const { number } = question.model;
    if (reason !== undefined && question.kind === "load") this.loaded.delete(number);
    if (reason === undefined && program === "compiled" && size > 0) {
      this.compiled.set(number, (this.compiled.get(number) ?? new Set()).add(size));
    }
    this.events.answer(question, payload, reason);
  }

  /** Watches the question the process is at, or its start. */
  private watch(): void {
    clearTimeout(this.hangTimer);
    this.hangTimer = undefined;
    if (this.isUp && this.isIdle) return;
    this.hangTimer = setTimeout(() => this.kill(), this.isUp ? this.hangMs : MAX_START_MS);
  }
}
