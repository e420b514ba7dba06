import type { Layer, Network } from "../../src/network/network.js";

/** The network with a GRU in the place of every LSTM. */
export function withGru(network: Network): Network {
  const change = (layer: Layer): Layer => (layer.kind === "lstm" ? { ...layer, kind: "gru" } : layer);
  return {
    ...network,
    encoder: network.encoder.map(change),
    heads: network.heads.map((head) => ({ ...head, layers: head.layers.map(change) })),
  };
}
