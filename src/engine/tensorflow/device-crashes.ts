/**
 * Which model made the device process crash. A model that did so twice in a row is disabled, so that the other models
 * are served on.
 */
import { ResiduaError } from "../../errors.js";
import type { DeviceExit } from "./device-connection.js";
import type { Model, Task } from "./device-tasks.js";

const CRASHES_TO_DISABLE = 2;

/**
 * Counts an exit of the process against the task it was working on and against that task's model. An exit caused from
 * outside (a person, or the system for want of memory) counts one half against the model, which may not be the cause.
 */
export function countCrash(task: Task, exit: DeviceExit): void {
  task.model.crashes += exit.killed ? 0.5 : 1;
  task.crashes += 1;
}

/** Whether tasks of the model are rejected instead of sent to the next process. */
export function isDisabled(model: Model): boolean {
  return model.crashes >= CRASHES_TO_DISABLE;
}

/** The error of every task of a disabled model. */
export function disabledError(model: Model): ResiduaError {
  return new ResiduaError(
    "INFERENCE_FAILED",
    `${model.label} is disabled: the device process crashed twice while it worked on it.`,
  );
}

/** The error of a task that failed while the process goes on. @param reason what TensorFlow says. */
export function failedError(kind: string, model: Model, reason: string): ResiduaError {
  return new ResiduaError(
    "INFERENCE_FAILED",
    `The device could not ${kind} ${model.label}: ${withoutPaths(reason)}`,
    { cause: new Error(reason) },
  );
}

/** What TensorFlow says, without the paths in it: callers read it. */
export function withoutPaths(reason: string): string {
  return reason.replaceAll(/(?:\/[\w.@+-]+){2,}\/?/g, "(a file)");
}
