/** The name of a model on the command line. */
import { MODEL_NAME_PATTERN, MODEL_NAME_RULE } from "../registry/manifest.js";
import { UsageError } from "./usage-error.js";

/** @throws UsageError where a model cannot have the name. */
export function checkName(name: string): void {
  if (new RegExp(MODEL_NAME_PATTERN).test(name)) return;
  throw new UsageError(`--name "${name}" cannot be the name of a model: ${MODEL_NAME_RULE}.`);
}
