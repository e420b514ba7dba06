/** What is asked of the device process, in the order it is to be asked. */
import type { DeviceModel } from "./device-frames.js";

/** What a model is called in logs, and the batch sizes that it is compiled for, ascending. */
export interface ModelPlan extends DeviceModel {
  readonly label: string;
  readonly batchSizes: readonly number[];
}

export interface Model extends ModelPlan {
  readonly number: number;
  /** Processes in a row that died of it; one that was killed from outside counts half. */
  suspicion: number;
}

export type QuestionKind = "load" | "warm" | "run" | "unload";

export interface Question {
  readonly kind: QuestionKind;
  readonly model: Model;
  readonly count: number;
  readonly windows: Float32Array | undefined;
  readonly resolve: (payload: Uint8Array) => void;
  readonly reject: (error: Error) => void;
  /** Processes that died while they were at it. */
  deaths: number;
}

/** A question that nobody waits for. */
export function quietQuestion(kind: QuestionKind, model: Model, count: number): Question {
  const ignore = (): void => {};
  return { kind, model, count, windows: undefined, resolve: ignore, reject: ignore, deaths: 0 };
}

/** Runs go before everything else: compiling takes long, and nobody waits for it. */
export class Work {
  private readonly runs: Question[] = [];
  private readonly rest: Question[] = [];

  add(question: Question): void {
    this.queueOf(question).push(question);
  }

  /** Puts back what a process did not get done, before what has not been asked yet. */
  putBack(question: Question): void {
    this.queueOf(question).unshift(question);
  }

  /** @param isIdle whether the process has nothing to do; what takes long is not sent ahead. */
  next(isIdle: boolean): Question | undefined {
    return this.runs.shift() ?? (isIdle ? this.rest.shift() : undefined);
  }

  takeRuns(): Question[] {
    return this.runs.splice(0);
  }

  takeAll(): Question[] {
    return [...this.runs.splice(0), ...this.rest.splice(0)];
  }

  takeOf(model: Model): Question[] {
    return [this.runs, this.rest].flatMap((queue) => {
      const all = queue.splice(0);
      queue.push(...all.filter((question) => question.model !== model));
      return all.filter((question) => question.model === model);
    });
  }

  /** Adds what a new process has to compile; the largest batch first, since it serves any run. */
  warmAgain(model: Model): void {
    const asked = new Set(
      this.rest.filter(({ kind, model: of }) => kind === "warm" && of === model).map(({ count }) => count),
    );
    for (const size of [...model.batchSizes.slice(-1), ...model.batchSizes.slice(0, -1)]) {
      if (!asked.has(size)) this.rest.push(quietQuestion("warm", model, size));
    }
  }

  private queueOf(question: Question): Question[] {
    return question.kind === "run" ? this.runs : this.rest;
  }
}
