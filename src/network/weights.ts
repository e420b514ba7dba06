/** The named float32 tensors of a network. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** By name as in `weightShapes`: `<layer>/kernel`, `<layer>/recurrent_kernel`, `<layer>/bias`. */
export type Weights = ReadonlyMap<string, Tensor>;
