/**
 * The one template of the kernels that add up products: `rows` rows times `vectors` vectors (four floats each) of
 * `tiles` tiles. sums-shapes.mjs lists the shapes; ../generate.mjs writes the AssemblyScript at every build.
 *
 * All kernels compute sum[row][column] = start[row][column] + sum over k of left[row][k] * right[k][column], with one
 * multiply-add a term and k ascending. So the bits of a result do not depend on the shape that computes it.
 *
 * Why the code has to look the way it does. V8's optimising compiler for WebAssembly (TurboFan):
 *
 * - Has 15 vector registers on x64. A shape is chosen so that its accumulators, the vectors to the right and one number
 *   to the left fit. Two fused multiply-adds start in each cycle and a result takes four, so at least eight
 *   accumulators are needed to keep the processor busy; twelve leave room for delays.
 * - Does not unroll loops that load and store, so the steps of k are written out (`unroll`).
 * - Moves all loads of a basic block before the block's arithmetic. In a long block the loaded vectors then need more
 *   registers than there are, and are written to the stack and read again. So blocks are kept short: each is ended by a
 *   branch out of the loop that is never taken, on an address that is 0 or two addresses that are equal. Such a branch
 *   is one fused compare-and-jump that is always predicted. The compiler drops a branch whose answer it knows from an
 *   earlier one, so every condition is used once (`neverTrue`).
 * - With --experimental-wasm-revectorize (../../wide-vectors.ts) merges two 128-bit operations into one of 256 bits, if
 *   they lead to two stores side by side. So wide shapes have an even number of vectors, and each pair of vectors goes
 *   the same way from its load to its store. A wide shape is correct without that flag too, but slow: it has twice as
 *   many accumulators as there are registers for.
 *
 * The functions are exported by exports.ts for the same reason: binaryen moves a function with one caller into the
 * caller, whose addresses then compete for the registers.
 *
 * A shape:
 *   name      of the function
 *   family    "gates": from the inputs and then from the state of a recurrent layer, tiles of [k][16];
 *             "panel": from one matrix, panels of [k][8]; "product": from strided matrices
 *   rows, tiles, vectors   sums at a time; `vectors` are those of one tile
 *   unroll    steps of k in one round of the loop
 *   schedule  the order within a step:
 *             "rows": loads the vectors to the right, then takes row after row
 *             "vectors": loads the numbers to the left, then takes `together` vectors at a time, for every row
 *             "direct": one row, each vector to the right is used once, straight from memory
 *   branches  how many rows ("rows") or tiles lie between two branches that are never taken; 0: no such branch
 *   grouped   (gates) the function takes any multiple of `rows` rows
 *   gap       (product) bytes between the numbers to the left for one row (or tile) and the next; 0: the same number
 */

const count = (n) => Array.from({ length: n }, (_, index) => index);
const at = (pointer, offset) => (offset === 0 ? pointer : `${pointer}, ${offset}`);
const block = (head, lines) => [`${head} {`, ...lines.map((line) => (line === "" ? line : `  ${line}`)), "}"];

/** The accumulators: of a row, one after the other over its tiles, and of all rows. */
const sum = (row, index) => `sum${row}_${index}`;
const sumsOfRow = (row, { tiles, vectors }) => count(tiles * vectors).map((index) => sum(row, index));
const sumsByRow = (shape) => count(shape.rows).map((row) => sumsOfRow(row, shape));

/** The text of one function. */
export function sumsFunction(shape) {
  const { parameters, body } = { gates, panel, product }[shape.family](shape);
  const list = parameters.map(([name, type]) => `${name}: ${type}`);
  return [...block(`export function ${shape.name}(${list.join(", ")}): void`, body), ""].join("\n");
}

/** Loads groups of accumulators: those of a group stand side by side; the variable `step` is from group to group. */
function loadSums(groups, step, stepAfterLast) {
  return groups.flatMap((sums, n) => [
    ...sums.map((name, index) => `let ${name} = v128.load(${at("start", 16 * index)});`),
    ...(stepAfterLast || n < groups.length - 1 ? [`start += ${step};`] : []),
  ]);
}

/** Stores groups of accumulators: those of a group side by side, groups `step` apart (bytes, or a variable). */
function storeSums(groups, step) {
  const isVariable = typeof step === "string";
  return groups.flatMap((sums, n) => [
    ...(isVariable && n > 0 ? [`to += ${step};`] : []),
    ...sums.map((name, index) => {
      const offset = 16 * index + (isVariable ? 0 : n * step);
      return `v128.store(to, ${name}${offset === 0 ? "" : `, ${offset}`});`;
    }),
  ]);
}

/** Branches that are never taken, each with another condition. */
function* neverTrue(lefts, rights) {
  for (const pointer of [...lefts, ...rights]) yield `if (!${pointer}) break;`;
  for (const pointer of lefts) yield `if (${pointer} == ${rights[0]}) break;`;
  for (const [n, pointer] of lefts.slice(1).entries()) yield `if (${lefts[n]} == ${pointer}) break;`;
  throw new Error("There are more blocks than conditions that are never true.");
}

/** The variables of `step`. */
function stepVariables({ rows, vectors, schedule, together }) {
  const rights = schedule === "direct" ? 0 : schedule === "rows" ? vectors : together;
  const lefts = schedule === "vectors" ? rows : 1;
  return [
    ...count(rights).map((n) => `let right${n}: v128;`),
    ...count(lefts).map((n) => `let left${n}: v128;`),
  ];
}

/**
 * One step of k, `lineBytes` after the one before.
 * @param left the text that loads the number to the left: of a row, or for "direct" of a tile.
 * @param rights the names of the pointers to the right, one a tile.
 */
function step(shape, k, lineBytes, left, rights, never) {
  const { rows, tiles, vectors, schedule, together, branches } = shape;
  const right = (tile, vector) => `v128.load(${at(rights[tile], 16 * vector + k * lineBytes)})`;
  const add = (row, index, a, b) => `${sum(row, index)} = madd(${a}, ${b}, ${sum(row, index)});`;
  const branch = (n, all) =>
    branches > 0 && (n + 1) % branches === 0 && n + 1 < all ? [never.next().value] : [];
  if (schedule === "rows") {
    return [
      ...count(vectors).map((vector) => `right${vector} = ${right(0, vector)};`),
      ...count(rows).flatMap((row) => [
        `left0 = ${left(row, k)};`,
        ...count(vectors).map((vector) => add(row, vector, "left0", `right${vector}`)),
        ...branch(row, rows),
      ]),
    ];
  }
  if (schedule === "vectors") {
    return [
      ...count(rows).map((row) => `left${row} = ${left(row, k)};`),
      ...count(tiles).flatMap((tile) => [
        ...count(vectors / together).flatMap((group) => [
          ...count(together).map((n) => `right${n} = ${right(tile, group * together + n)};`),
          ...count(rows).flatMap((row) =>
            count(together).map((n) =>
              add(row, tile * vectors + group * together + n, `left${row}`, `right${n}`),
            ),
          ),
        ]),
        ...branch(tile, tiles),
      ]),
    ];
  }
  return count(tiles).flatMap((tile) => [
    ...(tile === 0 || shape.gap > 0 ? [`left0 = ${left(tile, k)};`] : []),
    ...count(vectors).map((vector) => add(0, tile * vectors + vector, "left0", right(tile, vector))),
    ...branch(tile, tiles),
  ]);
}

/** The loop over `terms` steps of k, 1 or more: from `lefts`, four bytes a step, and `rights`, `lineBytes` a step. */
function unrolledLoop(shape, terms, lineBytes, lefts, rights) {
  const { unroll } = shape;
  const never = neverTrue(lefts, rights);
  const left = (row, k) => `v128.load32_splat(${at(lefts[row % lefts.length], 4 * k)})`;
  return [
    `const end = ${rights[0]} + (<usize>${terms} << ${Math.log2(lineBytes)});`,
    ...count(unroll).map((k) => `const last${k} = end - ${(k + 1) * lineBytes};`),
    ...stepVariables(shape),
    ...block("while (true)", [
      ...count(unroll).flatMap((k) => [
        ...step(shape, k, lineBytes, left, rights, never),
        `if (${rights[0]} == last${k}) break;`,
      ]),
      ...lefts.map((pointer) => `${pointer} += ${4 * unroll};`),
      ...rights.map((pointer) => `${pointer} += ${lineBytes * unroll};`),
    ]),
  ];
}

/** The pointers of `n` rows or tiles, `stride` apart from `first` on. */
function pointers(prefix, n, first, stride) {
  return count(n).map((index) =>
    index === 0 ? `let ${prefix}0 = ${first};` : `let ${prefix}${index} = ${prefix}${index - 1} + ${stride};`,
  );
}
const names = (prefix, n) => count(n).map((index) => `${prefix}${index}`);

/** The gates' sums of a recurrent layer: `inputs` terms from x, then one for each unit of the state, where there is a state. */
function gates(shape) {
  const { rows, tiles, grouped } = shape;
  const many = rows > 1;
  const ownTo = many && tiles > 1;
  const parameters = [
    ...(grouped ? [["rows", "i32"]] : []),
    ["tiles", "i32"],
    ["inputs", "i32"],
    ["weights", "usize"],
    ...(tiles > 1 ? [["tileBytes", "usize"]] : []),
    ["start", "usize"],
    ...(many ? [["startStride", "usize"]] : []),
    ["x", "usize"],
    ...(many ? [["xStride", "usize"]] : []),
    ["state", "usize"],
    ...(many ? [["unitStride", "usize"]] : []),
    ["to", "usize"],
    ...(ownTo ? [["toStride", "usize"]] : []),
  ];
  const stride = (value) => (many ? [value] : []);
  const weights = names("w", tiles);
  const body = [
    ...loadSums(sumsByRow(shape), "startStride", grouped),
    // One loop for both parts: the weights of the state follow those of the inputs.
    "let w0 = weights;",
    "let k = inputs;",
    "let from = x;",
    ...stride("let stride = xStride;"),
    "let inInputs = k != 0;",
    ...block("if (!inInputs)", [
      "k = state ? 4 * tiles : 0;",
      "from = state;",
      ...stride("stride = unitStride;"),
    ]),
    ...block("while (k)", [
      ...pointers("x", rows, "from", "stride"),
      ...pointers("w", tiles, "w0", "tileBytes").slice(1),
      ...unrolledLoop(shape, "k", 64, names("x", rows), weights),
      "if (!inInputs || !state) break;",
      "inInputs = false;",
      "w0 = end;",
      "k = 4 * tiles;",
      "from = state;",
      ...stride("stride = unitStride;"),
    ]),
    ...storeSums(sumsByRow(shape), ownTo ? "toStride" : 64),
  ];
  if (!grouped) return { parameters, body };
  return {
    parameters,
    body: block(`for (let r = 0; r < rows; r += ${rows})`, [
      ...body,
      `to += ${64 * rows};`,
      `x += ${rows} * xStride;`,
      `if (state) state += ${rows} * unitStride;`,
    ]),
  };
}

/** The sums of a panel of a dense layer: `depth` terms, every row from the same start. */
function panel(shape) {
  const { rows, vectors } = shape;
  return {
    parameters: [
      ["depth", "i32"],
      ["w0", "usize"],
      ["start", "usize"],
      ["from", "usize"],
      ["stride", "usize"],
      ["to", "usize"],
    ],
    body: [
      ...count(vectors).map((vector) => `const start${vector} = v128.load(${at("start", 16 * vector)});`),
      ...count(rows).flatMap((row) =>
        count(vectors).map((vector) => `let ${sum(row, vector)} = start${vector};`),
      ),
      ...pointers("x", rows, "from", "stride"),
      ...unrolledLoop(shape, "depth", 16 * vectors, names("x", rows), ["w0"]),
      ...storeSums(sumsByRow(shape), 16 * vectors),
    ],
  };
}

/**
 * Sums of products of matrices whose rows lie at any distance. Terms come in parts: `terms` of them, and then `repeats`
 * times `moreTerms`, each 1 or more.
 */
function product(shape) {
  const { tiles, vectors, gap } = shape;
  const own = tiles > 1;
  const rights = names("w", tiles);
  const left = (index) => `v128.load32_splat(${at("x", index * gap)})`;
  // `startStep` and `toStep` are from row to row, or from tile to tile of the one row.
  const one = sumsOfRow(0, shape);
  const byTile = count(tiles).map((tile) => one.slice(tile * vectors, (tile + 1) * vectors));
  const groups = own ? byTile : sumsByRow(shape);
  return {
    parameters: [
      ["terms", "i32"],
      ["moreTerms", "i32"],
      ["repeats", "i32"],
      ["left", "usize"],
      ["leftStep", "usize"],
      ["leftJump", "usize"],
      ["right", "usize"],
      ["rightStep", "usize"],
      ["rightJump", "usize"],
      ...(own
        ? [
            ["rightGap", "usize"],
            ["moreGap", "usize"],
          ]
        : []),
      ["start", "usize"],
      ["startStep", "usize"],
      ["to", "usize"],
      ["toStep", "usize"],
    ],
    body: [
      ...loadSums(groups, "startStep", false),
      "let x = left;",
      "let w0 = right;",
      ...block("while (true)", [
        "const last = w0 + <usize>(terms - 1) * rightStep;",
        ...pointers("w", tiles, "w0", "rightGap").slice(1),
        ...stepVariables(shape),
        ...block("while (true)", [
          ...step(shape, 0, 0, left, rights, neverTrue(["x"], rights)),
          "x += leftStep;",
          "if (w0 == last) break;",
          ...rights.map((pointer) => `${pointer} += rightStep;`),
        ]),
        "if (repeats == 0) break;",
        "repeats--;",
        "terms = moreTerms;",
        ...(own ? ["rightGap = moreGap;"] : []),
        "x += leftJump;",
        "w0 += rightStep + rightJump;",
      ]),
      ...storeSums(groups, "toStep"),
    ],
  };
}
