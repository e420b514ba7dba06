/** What is asked of the device process, in the order it is to be asked. */
import type { DeviceModel, Program } from "./device-frames.js";

export interface ModelPlan extends DeviceModel {
  /** What it is called in logs. */
  readonly label: string;
  /** The batch sizes that the compiled program is made ready for, ascending. */
  readonly compiledSizes: readonly number[];
  /** How many times its windows a run may be padded to, before the plain program is the better one. */
  readonly maxPadding: number;
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
  /** What to warm; a run's is chosen when it is asked. */
  readonly program: Program;
  readonly windows: Float32Array | undefined;
  readonly resolve: (payload: Uint8Array) => void;
  readonly reject: (error: Error) => void;
  /** Processes that died while they were at it. */
  deaths: number;
}

/** A question that nobody waits for. */
export function quietQuestion(
  kind: QuestionKind,
  model: Model,
  count: number,
  program: Program = "compiled",
): Question {
  const ignore = (): void => {};
  return { kind, model, count, program, windows: undefined, resolve: ignore, reject: ignore, deaths: 0 };
}

/** What a model is made ready for, first of all what serves any run: the plain program, or the largest batch. */
export function warmings(model: Model): { program: Program; count: number }[] {
  const { compiledSizes, programs } = model;
  const compiled = (sizes: readonly number[]) =>
    sizes.map((count) => ({ program: "compiled" as const, count }));
  if (programs.includes("plain")) return [{ program: "plain", count: 1 }, ...compiled(compiledSizes)];
  return compiled([...compiledSizes.slice(-1), ...compiledSizes.slice(0, -1)]);
}

/** The batch that a run of `count` windows is to be, given the compiled sizes that are ready. */
export function chooseBatch(
  model: Model,
  count: number,
  ready: ReadonlySet<number> | undefined,
): { program: Program; size: number } {
  const fits = model.compiledSizes.filter((size) => size >= count);
  const size = fits.find((each) => ready?.has(each));
  if (!model.programs.includes("plain")) return { program: "compiled", size: size ?? fits[0] ?? count };
  return size !== undefined && size <= model.maxPadding * count
    ? { program: "compiled", size }
    : { program: "plain", size: count };
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

  /** Adds what a new process has to be made ready for, unless somebody waits for it already. */
  warmAgain(model: Model): void {
    const asked = this.rest.filter((question) => question.kind === "warm" && question.model === model);
    for (const { program, count } of warmings(model)) {
      if (asked.some((question) => question.program === program && question.count === count)) continue;
      this.rest.push(quietQuestion("warm", model, count, program));
    }
  }

  private queueOf(question: Question): Question[] {
    return question.kind === "run" ? this.runs : this.rest;
  }
}
