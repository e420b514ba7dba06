/** Windows on their way into a network, and what comes out of it. */

/** n windows as the network reads them. */
export interface PreparedWindows {
  /** n */
  readonly count: number;
  /** [n, T, F], scaled, clipped, missing readings filled in: every number finite. */
  readonly scaled: Float32Array;
  /** [n, T, F + C], what the network reads: `scaled`, with calendar inputs behind the readings of a row where it has some. */
  readonly inputs: Float32Array;
  /** [n, T, F], 0 where the reading is missing; undefined where none is. */
  readonly present: Uint8Array | undefined;
  /** [n]: the share of readings present. */
  readonly coverage: Float64Array;
}

/** What an engine gives for n windows: by head [n, steps, F], in the network's own order, and the embedding [n, U]. */
export interface NetworkOutputs {
  readonly heads: readonly Float32Array[];
  readonly embedding: Float32Array;
}
