/** A network as model.json and weights.bin, and the assertion that a damaged model.json is refused. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../../src/errors.js";
import { type ArchitectureOptions, buildNetwork } from "../../src/network/architectures.js";
import { describeNetwork, readLayersModel, writeLayersModel } from "../../src/network/layers-model.js";
import type { Network } from "../../src/network/network.js";
import { initialWeights, type Weights } from "../../src/network/weights.js";

/** What the tests read and change of a model.json. */
export interface ModelJson {
  readonly modelTopology: {
    class_name: string;
    config: {
      layers: {
        class_name: string;
        name: string;
        config: Record<string, unknown>;
        inbound_nodes: unknown[];
      }[];
      input_layers: unknown[];
      output_layers: unknown[];
    };
  };
  readonly weightsManifest: {
    paths: string[];
    weights: { name: string; shape: number[]; dtype: string; quantization?: object }[];
  }[];
  format: string;
}

/** A network with two heads, to write and to damage. */
export const COMPOSITE: ArchitectureOptions = {
  family: "composite",
  timesteps: 6,
  features: 3,
  units: [8, 5],
  activation: "tanh",
};

/** Writes a network, with model.json as a reader finds it: gone through JSON. */
export function write(network: Network, weights: Weights): { modelJson: ModelJson; weightsBin: Uint8Array } {
  const { modelJson, weightsBin } = writeLayersModel(network, weights);
  return { modelJson: JSON.parse(JSON.stringify(modelJson)), weightsBin };
}

/** A case of a table: what is wrong, the change that makes it so, and the message. */
export type DamageCase = readonly [what: string, damage: (model: ModelJson) => unknown, message: RegExp];

/** Asserts that a composite network is refused with an InputError once its model.json is damaged. */
export function assertRefused([, damage, message]: DamageCase): void {
  const network = buildNetwork(COMPOSITE);
  const { modelJson, weightsBin } = write(network, initialWeights(network, 1));
  damage(modelJson);
  assert.throws(
    () => readLayersModel(modelJson, weightsBin, describeNetwork(network)),
    (error: unknown) => error instanceof InputError && message.test(error.message),
  );
}

/**
 * Replaces any one value of a model.json at a time, and reads it: what is read passes `check`, all else is refused with an
 * InputError.
 */
export function assertReadOrRefused(
  network: Network,
  weights: Weights,
  replacement: fc.Arbitrary<unknown>,
  { numRuns, check = () => undefined }: { numRuns: number; check?: (read: Network) => void },
): void {
  const { modelJson, weightsBin } = write(network, weights);
  const places: [owner: Record<string, unknown>, key: string][] = [];
  const collect = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      places.push([value as Record<string, unknown>, key]);
      collect(inner);
    }
  };
  collect(modelJson);
  fc.assert(
    fc.property(fc.nat(places.length - 1), replacement, (at, replaced) => {
      const [owner, key] = places[at]!;
      const original = owner[key];
      owner[key] = replaced;
      try {
        check(readLayersModel(modelJson, weightsBin, describeNetwork(network)).network);
      } catch (error) {
        assert.ok(error instanceof InputError, String(error));
      } finally {
        owner[key] = original;
      }
    }),
    { numRuns },
  );
}
