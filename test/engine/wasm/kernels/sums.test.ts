/** The template of the sums: what its shapes have to keep to, so that the compiler makes fast code of them. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

interface Shape {
  readonly name: string;
  readonly family: "gates" | "panel" | "product";
  readonly rows: number;
  readonly tiles: number;
  readonly vectors: number;
  readonly unroll: number;
  readonly schedule: "rows" | "vectors" | "direct";
  readonly together?: number;
}

// Plain JavaScript, which is run by the build before there is anything compiled.
const kernels = fileURLToPath(new URL("../../../../../src/engine/wasm/kernels/", import.meta.url));
const { SUMS_FILES } = (await import(join(kernels, "templates/sums-shapes.mjs"))) as {
  SUMS_FILES: Record<string, { shapes: readonly Shape[] }>;
};
const { sumsFunction } = (await import(join(kernels, "templates/sums-template.mjs"))) as {
  sumsFunction: (shape: Shape) => string;
};
const { generateKernels } = (await import(join(kernels, "generate.mjs"))) as {
  generateKernels: (root: string) => void;
};
const shapes = Object.values(SUMS_FILES).flatMap((file) => file.shapes);

test("names are unique", () => {
  assert.equal(new Set(shapes.map(({ name }) => name)).size, shapes.length);
});

for (const shape of shapes) {
  test(`${shape.name}: accumulators and operands fit into 15 registers, of 128 or of 256 bits`, () => {
    const { rows, tiles, vectors, schedule, together = 0 } = shape;
    const sums = rows * tiles * vectors;
    const rights = schedule === "direct" ? 0 : schedule === "rows" ? vectors : together;
    const lefts = schedule === "vectors" ? rows : 1;
    const isWide = sums + rights + lefts > 15;
    assert.ok(!isWide || vectors % 2 === 0);
    assert.ok((isWide ? (sums + rights) / 2 : sums + rights) + lefts <= 15);
    // Eight accumulators keep two multiply-adds a cycle busy. The last rows of a block may have fewer.
    if (rows > 1) assert.ok((isWide ? sums / 2 : sums) >= 8);
  });

  test(`${shape.name}: every sum gets one term a step, every branch has a condition of its own`, () => {
    const text = sumsFunction(shape);
    const adds = [...text.matchAll(/^ *(sum\d+_\d+) = madd\(left\d+, .*, (sum\d+_\d+)\);$/gm)];
    assert.equal(adds.length, shape.rows * shape.tiles * shape.vectors * shape.unroll);
    assert.ok(adds.every(([, to, from]) => to === from));
    assert.equal(text.match(/madd\(/g)?.length, adds.length);
    const branches = [...text.matchAll(/if \((.*)\) break;/g)].map((match) => match[1]);
    assert.equal(new Set(branches).size, branches.length);
  });
}

test("a shape that needs more conditions than there are is refused", () => {
  const shape = shapes.find(({ rows, schedule }) => rows === 6 && schedule === "rows")!;
  assert.throws(() => sumsFunction({ ...shape, unroll: 12 }), /more blocks than conditions/);
});

test("the build's files are as the template says", () => {
  for (const [file, { shapes: ofFile }] of Object.entries(SUMS_FILES)) {
    const text = readFileSync(join(kernels, file), "utf8");
    for (const shape of ofFile) assert.ok(text.includes(sumsFunction(shape)), shape.name);
  }
});

test("files are written anew where they differ, and others are removed", (t) => {
  const root = mkdtempSync(join(tmpdir(), "residua-kernels-"));
  t.after(() => rmSync(root, { recursive: true }));
  generateKernels(root);
  const [file] = Object.keys(SUMS_FILES) as [string];
  const text = readFileSync(join(root, file), "utf8");
  const stale = join(root, dirname(file), "stale-sums.ts");
  writeFileSync(stale, "");
  writeFileSync(join(root, file), "");
  generateKernels(root);
  assert.equal(readFileSync(join(root, file), "utf8"), text);
  assert.equal(existsSync(stale), false);
});
