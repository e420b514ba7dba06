/** The golden cases of test/fixtures/golden: Keras networks with their outputs, losses and gradients. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Network } from "../../src/network/network.js";
import type { Tensor, Weights } from "../../src/network/weights.js";

export const GOLDEN_CASES = [
  "ramp-reconstruction",
  "ramp-prediction",
  "ramp-composite",
  "deep-tanh",
  "hard-sigmoid-dropout",
  "stacked-dense",
  "gru",
] as const;
export type GoldenName = (typeof GOLDEN_CASES)[number];

export interface GoldenCase {
  readonly name: GoldenName;
  readonly network: Network;
  readonly weights: Weights;
  /** How many windows there are. */
  readonly count: number;
  /** [count, timesteps, features]. */
  readonly windows: Float32Array;
  /** By position in `network.heads`: [count, steps, features]. */
  readonly outputs: readonly Float32Array[];
  /** Mean squared error of the windows, summed over heads, dropout off. */
  readonly loss: number;
  /** Of that loss, by weight name. */
  readonly gradients: Weights;
}

interface CaseFile {
  readonly loss: number;
  readonly network: Network;
  readonly tensors: readonly {
    readonly kind: "windows" | "output" | "weight" | "gradient";
    readonly name: string;
    readonly shape: readonly number[];
    readonly offset: number;
  }[];
}

/** Reads one golden case from disk. */
export function readGoldenCase(name: GoldenName): GoldenCase {
  const folder = new URL(`../../../test/fixtures/golden/${name}/`, import.meta.url);
  const file: CaseFile = JSON.parse(readFileSync(new URL("case.json", folder), "utf8"));
  const bytes = gunzipSync(readFileSync(new URL("tensors.bin.gz", folder)));
  const all = new Float32Array(Uint8Array.from(bytes).buffer);
  const tensors = (kind: CaseFile["tensors"][number]["kind"]): Map<string, Tensor> =>
    new Map(
      file.tensors
        .filter((tensor) => tensor.kind === kind)
        .map(({ name: tensorName, shape, offset }) => {
          const length = shape.reduce((a, b) => a * b, 1);
          return [tensorName, { shape, data: all.slice(offset, offset + length) }];
        }),
    );
  const windows = tensors("windows").get("x")!;
  const outputs = tensors("output");
  return {
    name,
    network: file.network,
    weights: tensors("weight"),
    count: windows.shape[0]!,
    windows: windows.data,
    outputs: file.network.heads.map((head) => outputs.get(head.name)!.data),
    loss: file.loss,
    gradients: tensors("gradient"),
  };
}
