/** The tensors a version can answer with, by their names in the Open Inference Protocol. */
import { ResiduaError } from "../../errors.js";
import { embeddingUnits } from "../../network/network.js";
import { unscaleHead } from "../../scoring/window-scoring.js";
import {
  type Includable,
  NO_VERDICT,
  type ScorableModel,
  type ScoredWindows,
} from "../../serving/score-result.js";

export const INPUT_NAME = "windows";

export type Datatype = "FP32" | "FP64" | "BOOL";

export interface OutputTensor {
  readonly name: string;
  /** FP64 for the heads where the windows came as FP64: they are in the caller's units. */
  readonly datatype: Datatype;
  /** Of one window. */
  readonly shape: readonly number[];
  /** Whether it is part of the answer where none is asked for. */
  readonly isDefault: boolean;
  /** What scoring has to be asked for. */
  readonly includes: readonly Includable[];
  /** [n, ...shape], row-major; NaN where there is none. */
  readonly values: (windows: ScoredWindows) => Float32Array | Float64Array | Uint8Array;
}

const outputsOf = new WeakMap<ScorableModel, readonly OutputTensor[]>();

/** All that the bundle can give, in the order of the answer. */
export function listOutputs(model: ScorableModel): readonly OutputTensor[] {
  let outputs = outputsOf.get(model);
  if (outputs === undefined) {
    outputs = [...headOutputs(model), ...scoreOutputs(model)];
    outputsOf.set(model, outputs);
  }
  return outputs;
}

/** The outputs of these names. Throws UNSUPPORTED_BY_MODEL, with what there is. */
export function findOutputs(model: ScorableModel, names: readonly string[]): readonly OutputTensor[] {
  const all = listOutputs(model);
  return names.map((name) => {
    const output = all.find((tensor) => tensor.name === name);
    if (output !== undefined) return output;
    const there = all.map((tensor) => tensor.name).join(", ");
    throw new ResiduaError(
      "UNSUPPORTED_BY_MODEL",
      `${model.name} ${model.version} has no output ${JSON.stringify(name)}; it has ${there}.`,
    );
  });
}

function headOutputs({ scoring }: ScorableModel): OutputTensor[] {
  return scoring.heads.map(({ name, steps }, head) => ({
    name,
    datatype: "FP32",
    shape: [steps, scoring.features],
    isDefault: true,
    includes: [name as Includable],
    values: ({ outputs }) => unscaleHead(scoring, head, outputs),
  }));
}

function scoreOutputs(model: ScorableModel): OutputTensor[] {
  const { scoring, manifest, calibration, executable } = model;
  const scorer = manifest.scorers[0]!;
  const outputs: OutputTensor[] = [
    fp32("timestep_error", [scoring.timesteps], true, ({ scores }) => scores.timestepError),
    fp32("feature_error", [scoring.features], false, ({ scores }) => scores.featureError),
    fp32("score", [], true, ({ scores }) => scores.score),
    fp32("coverage", [], false, ({ scores }) => scores.coverage),
    fp32("embedding", [embeddingUnits(executable.network)], false, (windows) => windows.outputs.embedding),
  ];
  if (calibration?.[scorer] !== undefined) outputs.push(fp32("p_value", [], false, ({ pValue }) => pValue));
  if (manifest.threshold !== null) {
    outputs.push({
      name: "anomalous",
      datatype: "BOOL",
      shape: [],
      isDefault: true,
      includes: [],
      // Without a verdict it is false; coverage tells.
      values: ({ anomalous }) =>
        Uint8Array.from(anomalous, (verdict) => (verdict === NO_VERDICT ? 0 : verdict)),
    });
  }
  return outputs;
}

function fp32(
  name: string,
  shape: readonly number[],
  isDefault: boolean,
  values: OutputTensor["values"],
): OutputTensor {
  return { name, datatype: "FP32", shape, isDefault, includes: [], values };
}
