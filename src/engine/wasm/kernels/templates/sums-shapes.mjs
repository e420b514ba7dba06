/** Which kernels sums-template.mjs makes, by the file that holds them. */

const WORDS = { 1: "One", 2: "Two", 4: "Four", 6: "Six" };

/** By path below src/engine/wasm/kernels. What a shape is, sums-template.mjs says. */
export const SUMS_FILES = {
  "inference/assembly/generated/gate-sums.ts": {
    comment: [
      "The gates' sums of a recurrent layer. Parameters are those of ../recurrent.ts, with `weights` and `start` at the",
      "tile (or half of it) that is computed. With `rows`, a function takes any multiple of its rows. `to` takes 64 bytes",
      "a row and tile; of half a tile, 32 of them are written.",
    ].join("\n"),
    imports: "../arithmetic",
    shapes: [
      // Narrow vectors: half a tile, two gates of four units, is two vectors.
      gates(6, 1, 2, { unroll: 3, schedule: "rows", branches: 1, grouped: true }),
      gates(4, 1, 2, { unroll: 2, schedule: "rows", branches: 0, grouped: true }),
      gates(2, 1, 4, { unroll: 4, schedule: "vectors", together: 1, branches: 0 }),
      gates(1, 2, 4, { unroll: 2, schedule: "direct", branches: 1 }),
      gates(1, 1, 4, { unroll: 1, schedule: "direct", branches: 0 }),
      // Wide vectors: twice as many tiles.
      gates(6, 1, 4, { unroll: 2, schedule: "rows", branches: 1, grouped: true }),
      gates(4, 1, 4, { unroll: 2, schedule: "rows", branches: 1, grouped: true }),
      gates(2, 2, 4, { unroll: 1, schedule: "vectors", together: 2, branches: 1 }),
      gates(1, 4, 4, { unroll: 1, schedule: "direct", branches: 2 }),
    ],
  },
  "inference/assembly/generated/panel-sums.ts": {
    comment: [
      "The sums of a dense layer's panel, 8 columns: `depth` floats of rows that begin at `from` and are `stride` bytes",
      "apart, times the weights [depth][8] at `w0`, from the 8 floats at `start`, to `to` [rows][8].",
    ].join("\n"),
    imports: "../arithmetic",
    shapes: [panel(6, { unroll: 3, branches: 1 }), panel(4, { unroll: 2, branches: 0 })],
  },
  "training/assembly/generated/product-sums.ts": {
    comment: [
      "The sums of training's products, with wide vectors. Each function computes four times 16 sums:",
      "sum = start + the sum over all terms of one number to the left times 16 numbers to the right.",
      "",
      "Terms come in parts: `terms` of them, and then `repeats` times `moreTerms`, each 1 or more.",
      "- `left`: the numbers of the first term; the four rows or tiles have theirs GapN bytes apart, for Gap0 they share one.",
      "  `leftStep` bytes further on are those of the next term, and after a part `leftJump` more.",
      "- `right`: the 16 numbers of the first term; `rightStep` and `rightJump` likewise. Tiles have numbers of their own,",
      "  `rightGap` bytes from one tile to the next in the first part and `moreGap` in those after it.",
      "- `start`: 16 numbers for each row or tile, `startStep` bytes apart; so are the sums in `to`, by `toStep`.",
    ].join("\n"),
    imports: "../../../inference/assembly/arithmetic",
    shapes: [product(4, 1, 4), product(4, 1, 64), product(1, 4, 0), product(1, 4, 4)],
  },
};

/** "SixRows" */
function rowsWord(rows) {
  return `${WORDS[rows]}Row${rows > 1 ? "s" : ""}`;
}

function gates(rows, tiles, vectors, options) {
  const tile = vectors < 4 ? "HalfTile" : tiles > 1 ? `${WORDS[tiles]}Tiles` : "Tile";
  return { family: "gates", name: `sum${tile}Of${rowsWord(rows)}`, rows, tiles, vectors, ...options };
}

function panel(rows, options) {
  const name = `sumPanelOf${rowsWord(rows)}`;
  return { family: "panel", name, rows, tiles: 1, vectors: 2, schedule: "rows", ...options };
}

/** @param gap bytes between the numbers to the left. */
function product(rows, tiles, gap) {
  const name = rows > 1 ? `sum${rowsWord(rows)}Gap${gap}` : `sum${WORDS[tiles]}TilesGap${gap}`;
  const schedule = rows > 1 ? "rows" : "direct";
  return { family: "product", name, rows, tiles, vectors: 4, gap, schedule, branches: 1, unroll: 1 };
}
