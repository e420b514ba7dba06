/** What is in a Keras file, whatever its form: the model's configuration, and its tensors by their place in the file. */

/** A tensor of float numbers, row by row. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The weights of a file, as it stores them. */
export interface StoredWeights {
  /** By path, such as `layers/lstm/cell/vars/0` or `model_weights/lstm/lstm/lstm_cell/kernel:0`. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** For each group that has the attribute `weight_names`, by path: the names, in the order of the layer's weights. */
  readonly weightNames: ReadonlyMap<string, readonly string[]>;
}

/** A Keras file that was taken apart; nothing in it has been checked against anything else. */
export interface StoredModel extends StoredWeights {
  /** `keras` for a zip archive of Keras 3 (or of a late Keras 2), `h5` for a HDF5 file, `tfjs` for a model.json. */
  readonly form: "keras" | "h5" | "tfjs";
  /** As the file has it, such as `3.15.1`; undefined where it does not say. */
  readonly kerasVersion: string | undefined;
  /** The JSON text of the model: `{class_name, config}`. */
  readonly config: string;
}
