/**
 * The linear path P of a network: what a few principal components of the fitted windows make of a window.
 *
 *   joint   x̂ = Px + g(x)        P begins as these components, and the loss trains it with g
 *   fixed   x̂ = Px + g(x - Px)   P stays as it is, and g is trained on what P leaves
 */
import type { ArchitectureOptions } from "../network/architectures.js";
import { type LinearPath, linearPathLayers, type WindowShape } from "../network/linear-path.js";
import type { RowShape } from "../network/network.js";
import type { Weights } from "../network/weights.js";
import {
  fitPrincipalComponents,
  type PrincipalComponents,
  windowsToFit,
} from "../scoring/principal-components.js";
import { spreadNumbers, type WindowSource } from "./window-reader.js";

export const LINEAR_PATH_TRAININGS = ["joint", "fixed"] as const;
export type LinearPathTraining = (typeof LINEAR_PATH_TRAININGS)[number];

/** Why a network of this kind has no linear path; undefined where it may have one. */
export function whyNoLinearPath({
  family,
  reverse,
}: Pick<ArchitectureOptions, "family" | "reverse">): string | undefined {
  if (family === "prediction" || family === "composite") return `family ${family} has a prediction head`;
  return reverse === true ? "--reverse turns the reconstruction round" : undefined;
}

/** Windows of more values than this have no linear path: its weights would outgrow those of the network. */
const LARGEST_WINDOW = 65_536;
/** Values read at a time to fit components on. */
const MOST_VALUES = 2 ** 24;
/** What P leaves of all windows is kept where it has at most this many values; otherwise it is computed when it is read. */
const MOST_KEPT = 2 ** 25;
const CHUNK_WINDOWS = 512;

/** P in float32: as it is published, or as its training begins. */
export class FittedLinearPath {
  /** k */
  readonly components: number;
  /** T x F */
  readonly #size: number;
  readonly #row: RowShape;
  readonly #mean: Float32Array;
  /** [k, size] */
  readonly #axes: Float32Array;
  /** [k] */
  readonly #offsets: Float32Array;

  /** @param row of the windows that Px is taken off; the components are of the readings alone. */
  constructor({ mean, count, axes }: PrincipalComponents, row: RowShape) {
    const size = mean.length;
    this.#row = row;
    this.components = count;
    this.#size = size;
    this.#mean = Float32Array.from(mean);
    this.#axes = Float32Array.from(axes);
    this.#offsets = Float32Array.from({ length: count }, (_, component) => {
      let along = 0;
      for (let i = 0; i < size; i++) along += axes[component * size + i]! * mean[i]!;
      return -along;
    });
  }

  /**
   * Takes Px off windows x, in place. Covariates stay as they are.
   *
   * @param inputs [n, T, F + C]: become x - Px.
   * @param targets of the same shape: Px is taken off them too; may be `inputs` itself.
   */
  subtract(inputs: Float32Array, targets: Float32Array = inputs): void {
    const size = this.#size;
    const axes = this.#axes;
    const { features, width } = this.#row;
    const readings = new Float64Array(size);
    const path = new Float64Array(size);
    const step = (size / features) * width;
    for (let at = 0; at < inputs.length; at += step) {
      for (let i = 0, from = at; i < size; from += width) {
        for (let f = 0; f < features; f++, i++) readings[i] = inputs[from + f]!;
      }
      path.set(this.#mean);
      for (let component = 0; component < this.components; component++) {
        const from = component * size;
        let along = this.#offsets[component]!;
        for (let i = 0; i < size; i++) along += axes[from + i]! * readings[i]!;
        for (let i = 0; i < size; i++) path[i]! += along * axes[from + i]!;
      }
      for (let i = 0, to = at; i < size; to += width) {
        for (let f = 0; f < features; f++, i++) {
          inputs[to + f] = readings[i]! - path[i]!;
          if (targets !== inputs) targets[to + f] = targets[to + f]! - path[i]!;
        }
      }
    }
  }

  /** The weights of the layers of P in a network of this shape; those for covariates are 0. */
  weights(path: LinearPath, shape: WindowShape): Weights {
    const { project, expand } = linearPathLayers(path, shape);
    const size = this.#size;
    const count = this.components;
    const { features, width } = this.#row;
    const rows = (size / features) * width;
    const across = new Float32Array(rows * count);
    for (let i = 0; i < size; i++) {
      const row = Math.floor(i / features) * width + (i % features);
      for (let component = 0; component < count; component++)
        across[row * count + component] = this.#axes[component * size + i]!;
    }
    return new Map([
      [`${project.name}/kernel`, { shape: [rows, count], data: across }],
      [`${project.name}/bias`, { shape: [count], data: this.#offsets }],
      [`${expand.name}/kernel`, { shape: [count, size], data: this.#axes }],
      [`${expand.name}/bias`, { shape: [size], data: this.#mean }],
    ]);
  }
}

/**
 * The principal components that hold a share of the variance of windows, fitted on some thousand of them at most,
 * evenly spaced.
 *
 * @param windows [T, F]
 * @param size T x F
 * @param row of the windows that the network reads, where they have covariates.
 * @returns undefined where the windows do not differ, or are too large.
 */
export function fitLinearPath(
  windows: WindowSource,
  size: number,
  varianceShare: number,
  row: RowShape = { features: size, width: size },
): FittedLinearPath | undefined {
  if (size > LARGEST_WINDOW) return undefined;
  const most = Math.min(windowsToFit(size), Math.floor(MOST_VALUES / size));
  const read = windows.read(spreadNumbers(windows.count, most));
  // Of windows that are all the same, only rounding errors would be left to find components in.
  if (read.every((value, i) => value === read[i % size])) return undefined;
  const components = fitPrincipalComponents(read, size, varianceShare);
  return components.count === 0 ? undefined : new FittedLinearPath(components, row);
}

/** What a linear path leaves of the windows of a source. @param size T x (F + C) */
export function createResidualSource(
  source: WindowSource,
  path: FittedLinearPath,
  size: number,
): WindowSource {
  const { count } = source;
  const compute = (numbers: ArrayLike<number>): Float32Array => {
    const windows = source.read(numbers);
    path.subtract(windows);
    return windows;
  };
  if (count * size > MOST_KEPT) return { count, read: compute };
  const kept = new Float32Array(count * size);
  for (let from = 0; from < count; from += CHUNK_WINDOWS) {
    const length = Math.min(CHUNK_WINDOWS, count - from);
    kept.set(compute(Uint32Array.from({ length }, (_, i) => from + i)), from * size);
  }
  return {
    count,
    read: (numbers) => {
      const windows = new Float32Array(numbers.length * size);
      for (let i = 0; i < numbers.length; i++) {
        windows.set(kept.subarray(numbers[i]! * size, (numbers[i]! + 1) * size), i * size);
      }
      return windows;
    },
  };
}
