/** Which tensors an inference request is answered with. */
import { ResiduaError } from "../../errors.js";
import type { ServedModel } from "../../registry/served-model.js";
import { answersOf } from "../model-answers.js";
import type { RequestedOutput } from "./infer-request.js";
import type { AskedOutput } from "./infer-response.js";

/** What a request says about outputs. */
export interface AskedFor {
  /** Undefined or empty for those that are answered by default. */
  readonly outputs: readonly RequestedOutput[] | undefined;
  /** Whether outputs are binary by default. */
  readonly isBinary: boolean;
}

/**
 * The outputs that a request asks for, or those that are answered by default.
 * @throws ResiduaError UNSUPPORTED_BY_MODEL, with the names there are.
 */
export function chooseOutputs(model: ServedModel, { outputs, isBinary }: AskedFor): AskedOutput[] {
  const { tensors } = answersOf(model);
  if (outputs === undefined || outputs.length === 0) {
    return tensors.filter(({ isDefault }) => isDefault).map((tensor) => ({ tensor, isBinary }));
  }
  return outputs.map(({ name, isBinary }) => {
    const tensor = tensors.find((tensor) => tensor.name === name);
    if (tensor !== undefined) return { tensor, isBinary };
    const there = tensors.map((tensor) => tensor.name).join(", ");
    throw new ResiduaError(
      "UNSUPPORTED_BY_MODEL",
      `${model.name} ${model.version} has no output ${JSON.stringify(name)}; it has ${there}.`,
    );
  });
}
