/** Loads @tensorflow/tfjs-node-gpu, whose every call is synchronous: only in a process that owns the device. */
import { createRequire } from "node:module";
import util from "node:util";

export interface NativeTensor {
  readonly shape: readonly number[];
  dataSync(): Float32Array;
  dispose(): void;
}

export interface NativeModel {
  /** Outputs by signature name. */
  predict(inputs: Readonly<Record<string, NativeTensor>>): Readonly<Record<string, NativeTensor>>;
  dispose(): void;
}

export interface NativeTensorFlow {
  readonly node: {
    loadSavedModel(folder: string, tags: string[], signature: string): Promise<NativeModel>;
  };
  tensor(values: Int32Array, shape: readonly number[], type: "int32"): NativeTensor;
  memory(): { numTensors: number };
  backend(): { isUsingGpuDevice: boolean };
}

export function loadNativeTensorFlow(): NativeTensorFlow {
  // Gone from Node 23; the package calls them.
  const target = util as unknown as Record<string, unknown>;
  target["isNullOrUndefined"] ??= (value: unknown) => value === null || value === undefined;
  target["isArray"] ??= Array.isArray;
  const require = createRequire(import.meta.url);
  return require("@tensorflow/tfjs-node-gpu") as NativeTensorFlow;
}
