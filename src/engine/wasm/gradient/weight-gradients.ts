/**
 * The products that give the gradients of kernels and biases, once every window has been through the network and back.
 * They are cut into parts of a few tiles for threads to share out. A part sums over all rows in order, so it does not
 * matter which thread takes it.
 */
import { LINE_BYTES } from "./batch-space.js";
import { LANES } from "./parameters.js";
import { recordWords, type Value, WEIGHT_GRADIENT_FIELDS, type WeightGradient } from "./records.js";

/** Tiles of one part: enough to use a row of the left matrix while it is near, few enough to share out evenly. */
const PART_TILES = 4;

/** [tile][row][16], and how many there are. */
export interface Gates {
  readonly at: number;
  readonly tiles: number;
  readonly tileBytes: number;
  readonly rows: number;
}

/** Where a kernel's gradient stands. */
export interface KernelGradient {
  readonly at: number;
  readonly tileBytes: number;
}

export class WeightGradients {
  /** Those of a chain add to the same gradient, one after the other. */
  readonly #chains: WeightGradient[][] = [];
  readonly #chainsOfKernel = new Map<number, WeightGradient[][]>();

  /**
   * Of an LSTM's kernel or recurrent kernel: the sum over rows of left's row and the gates' gradients.
   * @param bias where the sum of the gates' gradients goes; `undefined` where it is had already.
   */
  addLstm(
    left: { readonly at: number; readonly rowBytes: number; readonly width: number },
    gates: Gates,
    kernel: KernelGradient,
    bias: number | undefined,
  ): void {
    const { rows, tiles } = gates;
    if (rows === 0) return;
    const summed = {
      biasTiles: tiles,
      summedRows: rows,
      summed: gates.at,
      summedTile: gates.tileBytes,
      summedRow: LINE_BYTES,
    };
    const product: WeightGradient = {
      rows,
      depth: left.width,
      tiles,
      a: left.at,
      aRow: left.rowBytes,
      b: gates.at,
      bTile: gates.tileBytes,
      bRow: LINE_BYTES,
      c: kernel.at,
      cTile: kernel.tileBytes,
      ...(bias === undefined ? {} : { ...summed, bias }),
    };
    this.#chains.push(...splitTiles(product).map((part) => [part]));
  }

  /**
   * Of a dense layer: its kernel is stored transposed, so that it is the output's gradients by the inputs. Of a layer
   * tied to another it is the inputs by the output's gradients, added to what the other gives.
   */
  addDense(
    input: Value,
    output: Value,
    windows: number,
    kernel: KernelGradient,
    bias: number,
    tied: boolean,
  ): void {
    const rows = input.steps * windows;
    const product: WeightGradient = {
      rows,
      depth: tied ? input.width : output.width,
      tiles: Math.ceil((tied ? output.width : input.width) / LANES),
      a: tied ? input.data : output.gradient,
      aRow: tied ? input.rowBytes : output.rowBytes,
      b: tied ? output.gradient : input.data,
      bTile: LINE_BYTES,
      bRow: tied ? output.rowBytes : input.rowBytes,
      c: kernel.at,
      cTile: kernel.tileBytes,
    };
    const chains = splitTiles(product).map((part) => [part]);
    const before = this.#chainsOfKernel.get(kernel.at);
    if (before === undefined) {
      this.#chainsOfKernel.set(kernel.at, chains);
      this.#chains.push(...chains);
    } else {
      before.forEach((chain, n) => {
        chain.push(...chains[n]!);
      });
    }
    this.#chains.push([
      {
        biasTiles: Math.ceil(output.width / LANES),
        summedRows: rows,
        summed: output.gradient,
        summedTile: LINE_BYTES,
        summedRow: output.rowBytes,
        bias,
      },
    ]);
  }

  /** The records for the kernels, the longest chains first, so that threads end together. */
  records(): Int32Array[] {
    const work = (chain: readonly WeightGradient[]): number =>
      chain.reduce((sum, { rows = 0, depth = 0, tiles = 0 }) => sum + rows * depth * tiles, 0);
    return [...this.#chains]
      .sort((a, b) => work(b) - work(a))
      .flatMap((chain) => chain.map((product, n) => ({ ...product, chained: Number(n > 0) })))
      .map((product) => recordWords(WEIGHT_GRADIENT_FIELDS, product));
  }
}

/** The same product in parts of a few tiles. */
function splitTiles(product: WeightGradient): WeightGradient[] {
  const { tiles = 0, b = 0, bTile = 0, c = 0, cTile = 0 } = product;
  const { biasTiles = 0, summed = 0, summedTile = 0, bias = 0 } = product;
  return Array.from({ length: Math.ceil(tiles / PART_TILES) }, (_, n) => {
    const first = n * PART_TILES;
    const count = Math.min(PART_TILES, tiles - first);
    return {
      ...product,
      tiles: count,
      b: b + first * bTile,
      c: c + first * cTile,
      biasTiles: biasTiles > 0 ? count : 0,
      summed: summed + first * summedTile,
      bias: bias + first * LINE_BYTES,
    };
  });
}
