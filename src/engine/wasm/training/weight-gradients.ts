/**
 * The products that give the gradients of kernels and biases, once every window has been through the network and back.
 * They are cut into parts of a few tiles for threads to share out. A part sums over all rows in order, so it does not
 * matter which thread takes it.
 */
import { record, type ValueRecord } from "../plan/records.js";
import { LINE_BYTES } from "./batch-space.js";
import {
  GRADIENT_A,
  GRADIENT_A_ROW,
  GRADIENT_B,
  GRADIENT_B_ROW,
  GRADIENT_B_TILE,
  GRADIENT_BIAS,
  GRADIENT_BIAS_TILES,
  GRADIENT_C,
  GRADIENT_C_TILE,
  GRADIENT_CHAINED,
  GRADIENT_DEPTH,
  GRADIENT_ROWS,
  GRADIENT_SUMMED,
  GRADIENT_SUMMED_ROW,
  GRADIENT_SUMMED_ROWS,
  GRADIENT_SUMMED_TILE,
  GRADIENT_TILES,
  GRADIENT_UNUSED,
  GRADIENT_WORDS,
} from "./layout.js";
import { LANES } from "./parameters.js";

/** The product aT . b, and the rows of `summed` added up; layout.ts says what each word is. */
interface WeightGradient {
  readonly rows?: number;
  readonly depth?: number;
  readonly tiles?: number;
  readonly a?: number;
  readonly aRow?: number;
  readonly b?: number;
  readonly bTile?: number;
  readonly bRow?: number;
  readonly c?: number;
  readonly cTile?: number;
  readonly biasTiles?: number;
  readonly summedRows?: number;
  readonly summed?: number;
  readonly summedTile?: number;
  readonly summedRow?: number;
  readonly bias?: number;
  readonly unused?: number;
}

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
  /** The vector of its tiles, numbered from 1, that belongs to no weight; 0 or undefined for none. */
  readonly unused?: number;
}

/** What a dense layer read and gave, for the windows of a group. */
export interface DenseProduct {
  readonly input: ValueRecord;
  readonly output: ValueRecord;
  readonly windows: number;
  /** Whether the kernel is another layer's, used transposed. */
  readonly tied: boolean;
}

export class WeightGradients {
  /** The records of a chain add to the same gradient, one after the other. */
  readonly #chains: WeightGradient[][] = [];
  readonly #chainsOfKernel = new Map<number, WeightGradient[][]>();

  /**
   * Of a recurrent layer's kernel or recurrent kernel: the sum over rows of left's row times the gates' gradients.
   * @param bias where the sum of the gates' gradients goes; `undefined` where it is not wanted.
   */
  addRecurrent(
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
      unused: kernel.unused ?? 0,
      ...(bias === undefined ? {} : { ...summed, bias }),
    };
    this.#chains.push(...splitTiles(product).map((part) => [part]));
  }

  /**
   * Of a bias by itself: the sum of the gates' gradients over all rows.
   * @param unused as in KernelGradient.
   */
  addBias({ at, tiles, tileBytes, rows }: Gates, bias: number, unused: number): void {
    const summed = { summedRows: rows, summed: at, summedTile: tileBytes, summedRow: LINE_BYTES };
    this.#chains.push([{ biasTiles: tiles, ...summed, bias, unused }]);
  }

  /**
   * Of a dense layer: its kernel is stored transposed, so that the product is that of the output's gradients and the
   * inputs. For a layer tied to another it is that of the inputs and the output's gradients, added to the other's.
   */
  addDense({ input, output, windows, tied }: DenseProduct, kernel: KernelGradient, bias: number): void {
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

  /** Multiply-adds of all products. */
  get work(): number {
    return LANES * this.#chains.reduce((sum, chain) => sum + tileRows(chain), 0);
  }

  /** The records for the kernels, the longest chains first, so that threads end together. */
  records(): Int32Array[] {
    return [...this.#chains]
      .sort((a, b) => tileRows(b) - tileRows(a))
      .flatMap((chain) => chain.map((product, n) => gradientRecord(product, n > 0)));
  }
}

/** How often a chain multiplies a number by a tile and adds that up. */
function tileRows(chain: readonly WeightGradient[]): number {
  return chain.reduce((sum, { rows = 0, depth = 0, tiles = 0 }) => sum + rows * depth * tiles, 0);
}

/** @param chained whether it adds to the record before it. */
function gradientRecord(product: WeightGradient, chained: boolean): Int32Array {
  return record(GRADIENT_WORDS, {
    [GRADIENT_ROWS]: product.rows ?? 0,
    [GRADIENT_DEPTH]: product.depth ?? 0,
    [GRADIENT_TILES]: product.tiles ?? 0,
    [GRADIENT_A]: product.a ?? 0,
    [GRADIENT_A_ROW]: product.aRow ?? 0,
    [GRADIENT_B]: product.b ?? 0,
    [GRADIENT_B_TILE]: product.bTile ?? 0,
    [GRADIENT_B_ROW]: product.bRow ?? 0,
    [GRADIENT_C]: product.c ?? 0,
    [GRADIENT_C_TILE]: product.cTile ?? 0,
    [GRADIENT_CHAINED]: Number(chained),
    [GRADIENT_BIAS_TILES]: product.biasTiles ?? 0,
    [GRADIENT_SUMMED_ROWS]: product.summedRows ?? 0,
    [GRADIENT_SUMMED]: product.summed ?? 0,
    [GRADIENT_SUMMED_TILE]: product.summedTile ?? 0,
    [GRADIENT_SUMMED_ROW]: product.summedRow ?? 0,
    [GRADIENT_BIAS]: product.bias ?? 0,
    [GRADIENT_UNUSED]: product.unused ?? 0,
  });
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
