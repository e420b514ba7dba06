/** All kinds of layer. A kind that is added to `Layer` makes the compiler ask for its description in `LAYERS`. */
import { DENSE, type DenseLayer, TIME_DISTRIBUTED_DENSE, type TimeDistributedDenseLayer } from "./dense.js";
import type { LayerDescription } from "./description.js";
import { DROPOUT, type DropoutLayer } from "./dropout.js";
import { GRU, type GruLayer } from "./gru.js";
import { LAYER_NORMALIZATION, type LayerNormalizationLayer } from "./layer-normalization.js";
import { LSTM, type LstmLayer } from "./lstm.js";
import {
  FLATTEN,
  type FlattenLayer,
  REPEAT_VECTOR,
  RESHAPE,
  type RepeatVectorLayer,
  type ReshapeLayer,
} from "./shapes.js";

export type Layer =
  | LstmLayer
  | GruLayer
  | DenseLayer
  | TimeDistributedDenseLayer
  | RepeatVectorLayer
  | DropoutLayer
  | LayerNormalizationLayer
  | FlattenLayer
  | ReshapeLayer;

export type LayerKind = Layer["kind"];

/** The layer of one kind. */
export type LayerOf<Kind extends LayerKind> = Extract<Layer, { kind: Kind }>;

export const LAYERS: { readonly [Kind in LayerKind]: LayerDescription<LayerOf<Kind>> } = {
  lstm: LSTM,
  gru: GRU,
  dense: DENSE,
  timeDistributedDense: TIME_DISTRIBUTED_DENSE,
  repeatVector: REPEAT_VECTOR,
  dropout: DROPOUT,
  layerNormalization: LAYER_NORMALIZATION,
  flatten: FLATTEN,
  reshape: RESHAPE,
};

/** The description of a layer's kind. */
export function descriptionOf(layer: Layer): LayerDescription<Layer> {
  // The compiler does not see that the description under a layer's own kind takes that layer.
  return LAYERS[layer.kind] as LayerDescription<Layer>;
}
