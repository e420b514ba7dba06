/** Weights in the order the kernels read them; layout.ts describes it. */
import type { Activation } from "../../network/network.js";

/** Tiles of four units that hold `units` units. */
export function tilesOf(units: number): number {
  return Math.ceil(units / 4);
}

/** Floats of packed LSTM weights. */
export function packedLstmLength(inputs: number, units: number): number {
  return tilesOf(units) * (inputs + 4 * tilesOf(units)) * 16;
}

/**
 * What the columns of gates i, f and o are multiplied by: their kernels take sums in base 2 where they are sigmoids,
 * 1 / (1 + e^-x) = 1 / (1 + 2^(-x / ln 2)).
 */
export function gateScale(recurrentActivation: Activation): number {
  return recurrentActivation === "sigmoid" ? -Math.LOG2E : 1;
}

/**
 * Packs an LSTM's kernel [inputs, 4U] and recurrent kernel [U, 4U] (Keras's gate order i, f, c, o) into tiles of
 * [inputs + Up][16]. Without a kernel (`inputs` 0) the tiles hold the recurrent part alone.
 * @param to zeros, of `packedLstmLength(inputs, units)`.
 * @param scale of the gates i, f and o.
 */
export function packLstm(
  to: Float32Array,
  kernel: Float32Array | undefined,
  recurrentKernel: Float32Array,
  inputs: number,
  units: number,
  scale: number,
): void {
  const depth = inputs + 4 * tilesOf(units);
  for (let unit = 0; unit < units; unit++) {
    const column = (unit >> 2) * depth * 16 + (unit & 3);
    for (let gate = 0; gate < 4; gate++) {
      const from = gate * units + unit;
      const by = gate === 2 ? 1 : scale;
      let at = column + 4 * gate;
      for (let k = 0; k < inputs; k++, at += 16) to[at] = by * kernel![k * 4 * units + from]!;
      for (let k = 0; k < units; k++, at += 16) to[at] = by * recurrentKernel[k * 4 * units + from]!;
    }
  }
}

/** Where column `gate * units + unit` of an LSTM's kernel or bias stands in tile order, [tiles][gate][4]. */
function tileColumn(column: number, units: number): number {
  const gate = Math.floor(column / units);
  const unit = column % units;
  return (unit >> 2) * 16 + 4 * gate + (unit & 3);
}

/** An LSTM's bias [4U] as [tiles][16], gates i, f and o times `scale`. */
export function packLstmBias(bias: Float32Array, units: number, scale: number): Float32Array {
  return tileKernel(bias, 1, units, scale);
}

/**
 * An LSTM's kernel [inputs, 4U] with its columns in tile order, padded, gates i, f and o times `scale`:
 * [inputs, 16 * tiles], to be packed as a dense layer's.
 */
export function tileKernel(kernel: Float32Array, inputs: number, units: number, scale: number): Float32Array {
  const width = 16 * tilesOf(units);
  const tiled = new Float32Array(inputs * width);
  for (let column = 0; column < 4 * units; column++) {
    const to = tileColumn(column, units);
    const by = Math.floor(column / units) === 2 ? 1 : scale;
    for (let k = 0; k < inputs; k++) tiled[k * width + to] = by * kernel[k * 4 * units + column]!;
  }
  return tiled;
}

/** Panels of eight columns that hold `columns` columns. */
export function panelsOf(columns: number): number {
  return Math.ceil(columns / 8);
}

/** Packs a kernel [depth, columns], or with `transposed` one of [columns, depth], into panels of [depth][8]. */
export function packDense(
  kernel: Float32Array,
  depth: number,
  columns: number,
  transposed = false,
): Float32Array {
  const packed = new Float32Array(panelsOf(columns) * depth * 8);
  for (let column = 0; column < columns; column++) {
    let at = (column >> 3) * depth * 8 + (column & 7);
    const step = transposed ? 1 : columns;
    let from = transposed ? column * depth : column;
    for (let k = 0; k < depth; k++, at += 8, from += step) packed[at] = kernel[from]!;
  }
  return packed;
}

/** A bias [columns] padded to whole panels. */
export function packDenseBias(bias: Float32Array, columns: number): Float32Array {
  const packed = new Float32Array(8 * panelsOf(columns));
  packed.set(bias);
  return packed;
}
