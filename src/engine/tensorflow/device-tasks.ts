/**
 * The work of the device process: tasks (load, warm, run, unload) and the queue they wait in.
 */
import type { DeviceModel, Program } from "./device-frames.js";

/** A network as the engine hands it over: what the process needs, and how runs are cut into batches. */
export interface ModelPlan extends DeviceModel {
  /** The name of the model in logs and error messages. */
  readonly label: string;
  /** The batch sizes, in windows, that the compiled program is warmed for; ascending. */
  readonly compiledSizes: readonly number[];
  /**
   * A run of `count` windows may be padded to at most `maxPadding * count` windows; beyond that the plain program
   * runs it, which needs no padding.
   */
  readonly maxPadding: number;
}

/** A model that was handed over, over all device processes that come and go. */
export interface Model extends ModelPlan {
  /** Identifies the model in frames. */
  readonly number: number;
  /**
   * Device processes in a row that ended while they worked on this model. A process that was killed from outside
   * counts one half, since the model may not be the cause.
   */
  crashes: number;
}

export type TaskKind = "load" | "warm" | "run" | "unload";

/** One thing for the device process to do, and the promise of its caller. */
export interface Task {
  readonly kind: TaskKind;
  readonly model: Model;
  /** Windows of a run or a warm-up; 0 for the other kinds. */
  readonly count: number;
  /** The program to warm; that of a run is chosen by `chooseBatch` when the task is sent. */
  readonly program: Program;
  /** Of a run: float32 [count, T, F]. */
  readonly windows: Float32Array | undefined;
  /** Takes the payload of the answer: for a run the float32 of all outputs, else nothing. */
  readonly resolve: (payload: Uint8Array) => void;
  readonly reject: (error: Error) => void;
  /** Device processes that ended while they carried out this task. */
  crashes: number;
}

/** A task whose result no caller waits for. */
export function backgroundTask(
  kind: TaskKind,
  model: Model,
  count: number,
  program: Program = "compiled",
): Task {
  const ignore = (): void => {};
  return { kind, model, count, program, windows: undefined, resolve: ignore, reject: ignore, crashes: 0 };
}

/**
 * The warm-ups of a model, in the order they are carried out. The first one makes every later run possible: it is the
 * plain program, or, without one, the largest batch size.
 */
export function warmUps(model: Model): { program: Program; count: number }[] {
  const { compiledSizes, programs } = model;
  const compiled = (sizes: readonly number[]) =>
    sizes.map((count) => ({ program: "compiled" as const, count }));
  if (programs.includes("plain")) return [{ program: "plain", count: 1 }, ...compiled(compiledSizes)];
  return compiled([...compiledSizes.slice(-1), ...compiledSizes.slice(0, -1)]);
}

/**
 * The program and the batch size, in windows, for a run of `count` windows.
 * @param warmed the sizes the compiled program is warmed for in the current process.
 */
export function chooseBatch(
  model: Model,
  count: number,
  warmed: ReadonlySet<number> | undefined,
): { program: Program; size: number } {
  const fits = model.compiledSizes.filter((size) => size >= count);
  const size = fits.find((each) => warmed?.has(each));
  if (!model.programs.includes("plain")) return { program: "compiled", size: size ?? fits[0] ?? count };
  return size !== undefined && size <= model.maxPadding * count
    ? { program: "compiled", size }
    : { program: "plain", size: count };
}

/** Tasks that wait. Runs come before all others: compiling takes long, and no request waits for it. */
export class TaskQueue {
  private readonly runs: Task[] = [];
  private readonly others: Task[] = [];

  add(task: Task): void {
    this.queueOf(task).push(task);
  }

  /** Puts a task back that a process did not finish, in front of those that were never sent. */
  putBack(task: Task): void {
    this.queueOf(task).unshift(task);
  }

  /**
   * Takes the next task out of the queue.
   * @param isIdle whether the process has nothing to do. Only runs are sent ahead to a busy process, so that a run
   *   that arrives later does not wait behind a compilation.
   */
  next(isIdle: boolean): Task | undefined {
    return this.runs.shift() ?? (isIdle ? this.others.shift() : undefined);
  }

  takeRuns(): Task[] {
    return this.runs.splice(0);
  }

  takeAll(): Task[] {
    return [...this.runs.splice(0), ...this.others.splice(0)];
  }

  takeTasksOf(model: Model): Task[] {
    return [this.runs, this.others].flatMap((queue) => {
      const all = queue.splice(0);
      queue.push(...all.filter((task) => task.model !== model));
      return all.filter((task) => task.model === model);
    });
  }

  /** Adds the warm-ups that a new process needs for a model, except those that are queued already. */
  addWarmUps(model: Model): void {
    const queued = this.others.filter((task) => task.kind === "warm" && task.model === model);
    for (const { program, count } of warmUps(model)) {
      if (queued.some((task) => task.program === program && task.count === count)) continue;
      this.others.push(backgroundTask("warm", model, count, program));
    }
  }

  private queueOf(task: Task): Task[] {
    return task.kind === "run" ? this.runs : this.others;
  }
}
