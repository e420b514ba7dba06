/** Random networks with what trainers do not train: linear paths, normalisations, first states. */
import { isRecurrent, type RecurrentLayer } from "../../src/network/first-states.js";
import type { Head, Layer, Network } from "../../src/network/network.js";

/** The network with a linear path beside it, where its heads allow one. */
export function withLinearPath(network: Network, components: number, readsWindow: boolean): Network {
  const { timesteps, inputSteps, features, heads } = network;
  const [reconstruction] = heads;
  if (inputSteps !== timesteps || reconstruction === undefined) return network;
  const linear: Head = { name: "linear", start: 0, steps: timesteps, reversed: false, layers: [] };
  return {
    ...network,
    heads: [{ ...reconstruction, reversed: false }, linear],
    linearPath: {
      name: "path",
      components: Math.min(components, timesteps * features),
      ...(readsWindow && { encoderReads: "window" }),
    },
  };
}

/** The network with normalisations before the encoder's layer `at` and the first head's, where it has so many. */
export function withNormalizations(network: Network, at: number): Network {
  const put = (layers: readonly Layer[], name: string): readonly Layer[] => {
    const index = Math.min(at, layers.length);
    return [
      ...layers.slice(0, index),
      { kind: "layerNormalization", name, epsilon: 0.01 },
      ...layers.slice(index),
    ];
  };
  const [head, ...others] = network.heads;
  return {
    ...network,
    encoder: put(network.encoder, "normalized"),
    heads: [{ ...head!, layers: put(head!.layers, "normalizedToo") }, ...others],
  };
}

/**
 * The network with recurrent layers that start from the states of others: every one that has an earlier one of its kind
 * and units starts from the last of those. Random layers seldom fit, so the first one of each head is made to.
 */
export function withFirstStates(network: Network): Network {
  const earlier: RecurrentLayer[] = [];
  const start = (layer: Layer): Layer => {
    if (!isRecurrent(layer)) return layer;
    const source = earlier.findLast(({ kind, units }) => kind === layer.kind && units === layer.units);
    const started = source === undefined ? layer : { ...layer, startsFrom: source.name };
    earlier.push(started);
    return started;
  };
  const encoder = network.encoder.map(start);
  const [model] = earlier;
  const fitting = (layer: Layer, isFirst: boolean): Layer =>
    model !== undefined && isFirst && isRecurrent(layer)
      ? { ...layer, kind: model.kind, units: model.units }
      : layer;
  const heads = network.heads.map((head) => {
    const first = head.layers.findIndex(isRecurrent);
    return { ...head, layers: head.layers.map((layer, n) => start(fitting(layer, n === first))) };
  });
  return { ...network, encoder, heads };
}
