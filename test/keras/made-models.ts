/** Models in the words of Keras, made here and not by Keras, and what is asked of those that cannot be imported. */
import assert from "node:assert/strict";
import { InputError } from "../../src/errors.js";
import { importModel } from "../../src/keras/import-model.js";
import type { StoredModel, StoredTensor } from "../../src/keras/stored-model.js";

export type Config = Readonly<Record<string, unknown>>;

export function zeros(...shape: number[]): StoredTensor {
  return { shape, data: new Float32Array(shape.reduce((product, size) => product * size, 1)) };
}

/** A Sequential model of layers [class, settings] on windows [5, 2]; `tensors` by the place that Keras gives them. */
export function sequential(
  layers: readonly (readonly [className: string, config: Config])[],
  tensors: Readonly<Record<string, readonly StoredTensor[]>> = {},
): StoredModel {
  const entries = [
    { class_name: "InputLayer", config: { name: "in", batch_shape: [null, 5, 2] } },
    ...layers.map(([className, config], index) => ({
      class_name: className,
      config: { name: `layer_${index}`, ...config },
    })),
  ];
  return {
    form: "keras",
    kerasVersion: "3.15.1",
    config: JSON.stringify({ class_name: "Sequential", config: { layers: entries } }),
    tensors: new Map(
      Object.entries(tensors).flatMap(([place, own]) =>
        own.map((tensor, index): [string, StoredTensor] => [`layers/${place}/vars/${index}`, tensor]),
      ),
    ),
    weightNames: new Map(),
  };
}

export function assertRefused(model: StoredModel, pattern: RegExp, features = 2): void {
  assert.throws(
    () => importModel(model, { features }),
    (error) => {
      assert.ok(error instanceof InputError, String(error));
      assert.match(error.message, pattern);
      return true;
    },
  );
}

/** A functional model of layers on windows [5, 2]: each reads the outputs [layer, which] named last, the first as its input. */
export function functional(
  layers: readonly (readonly [
    className: string,
    name: string,
    config: Config,
    sources: [string, number][],
  ])[],
  output: [string, number],
  tensors: Readonly<Record<string, readonly StoredTensor[]>>,
): StoredModel {
  const entries = [
    {
      class_name: "InputLayer",
      name: "in",
      config: { name: "in", batch_shape: [null, 5, 2] },
      inbound_nodes: [],
    },
    ...layers.map(([className, name, config, sources]) => ({
      class_name: className,
      name,
      config: { name, ...config },
      inbound_nodes: [sources.map(([layer, tensor]) => [layer, 0, tensor, {}])],
    })),
  ];
  const config = {
    layers: entries,
    input_layers: [["in", 0, 0]],
    output_layers: [[output[0], 0, output[1]]],
  };
  return { ...sequential([], tensors), config: JSON.stringify({ class_name: "Functional", config }) };
}
