/** One of our layers with its weights, of which chains are made. */
import type { Layer } from "../network/network.js";
import type { Tensor } from "../network/weights.js";

export interface Piece {
  readonly layer: Layer;
  /** By part, such as `kernel`. */
  readonly weights: ReadonlyMap<string, Tensor>;
  /** Whether the layer stands for something that is not dense in Keras, so that it may be merged with a neighbour. */
  readonly isMade: boolean;
}

export type DensePiece = Piece & {
  readonly layer: Extract<Layer, { kind: "dense" | "timeDistributedDense" }>;
};

export function isDense(piece: Piece): piece is DensePiece {
  return piece.layer.kind === "dense" || piece.layer.kind === "timeDistributedDense";
}
