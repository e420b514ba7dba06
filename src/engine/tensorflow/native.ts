/**
 * Loads @tensorflow/tfjs-node-gpu. All its calls are synchronous, so only a process of its own (device-process.ts) or a
 * program that does nothing else may load it.
 */
import { createRequire } from "node:module";
import util from "node:util";

export interface NativeTensor {
  readonly shape: readonly number[];
  dataSync(): Float32Array;
  dispose(): void;
}

export interface NativeModel {
  /** Runs the signature that was loaded. Outputs by their names in it. */
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

/** The package, whose addon is loaded now. @throws Error where it is not installed, or its addon is not built. */
export function loadNativeTensorFlow(): NativeTensorFlow {
  // The package calls these two functions, which Node 23 removed.
  const target = util as unknown as Record<string, unknown>;
  target["isNullOrUndefined"] ??= (value: unknown) => value === null || value === undefined;
  target["isArray"] ??= Array.isArray;
  const require = createRequire(import.meta.url);
  return require("@tensorflow/tfjs-node-gpu") as NativeTensorFlow;
}
