import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { PartsModel } from "../../../src/http/answer-part.js";
import { windowMembers } from "../../../src/http/model-answers.js";
import { SCORE } from "../../../src/http/wire/program.js";
import { WindowLayout } from "../../../src/http/wire/window-layout.js";
import { writeWindows } from "../../../src/http/wire/window-writer.js";
import { decimalsOf, formatFloat32, formatUnits } from "../../../src/scoring/digits.js";
import { prepareScoring } from "../../../src/scoring/scoring-model.js";
import { unscaleHead } from "../../../src/scoring/window-scoring.js";
import type { ScoredWindows } from "../../../src/serving/score-result.js";
import { anyWrittenWindows, type WrittenWindows } from "./written-windows.js";

/** All of some windows as they are written with a layout that knows every part. */
function write(windows: WrittenWindows, from: number, to: number): string {
  const { model, include, outputs, scores } = windows;
  const parts: PartsModel = {
    scoring: model,
    embeddingUnits: outputs.embedding.length / scores.count,
    isCalibrated: true,
    hasThreshold: true,
  };
  const program = new WindowLayout(windowMembers(parts), model).select(include);
  return Buffer.from(writeWindows(program, { windows, from, to })).toString();
}

/** The same in plain TypeScript, number by number. */
function plainText(
  { model, include, outputs, scores, pValue, anomalous }: WrittenWindows,
  w: number,
): string {
  const { timesteps, features, heads } = model;
  const array = (texts: readonly string[]): string => `[${texts.join(",")}]`;
  const floats = (values: ArrayLike<number>, count: number): string =>
    array(Array.from({ length: count }, (_, i) => formatFloat32(values[w * count + i]!)));
  const plain = (x: number): string => JSON.stringify(x);
  const members: Record<string, string> = {
    score: formatFloat32(scores.score[w]!),
    pValue: plain(pValue[w]!),
    anomalous: anomalous[w] === -1 ? "null" : String(anomalous[w] === 1),
    coverage: plain(scores.coverage[w]!),
  };
  if (scores.saturated[w] === 1) members["saturated"] = "true";
  if (include.has("timestepError")) members["timestepError"] = floats(scores.timestepError, timesteps);
  if (include.has("featureError")) members["featureError"] = floats(scores.featureError, features);
  if (include.has("headError")) {
    const errors = heads.map(({ name, steps }, h) => `"${name}":${floats(scores.headErrors[h]!, steps)}`);
    members["headError"] = `{${errors.join(",")}}`;
  }
  heads.forEach(({ name, steps }, h) => {
    if (!include.has(name)) return;
    const values = unscaleHead(model, h, outputs);
    const rows = Array.from({ length: steps }, (_, row) =>
      array(
        Array.from({ length: features }, (_, f) =>
          formatUnits(values[(w * steps + row) * features + f]!, decimalsOf(model.scaler.scale[f]!)),
        ),
      ),
    );
    members[name] = array(rows);
  });
  if (include.has("embedding")) {
    members["embedding"] = floats(outputs.embedding, outputs.embedding.length / scores.count);
  }
  return `{${Object.entries(members)
    .map(([name, text]) => `"${name}":${text}`)
    .join(",")}}`;
}

test("windows are written as the plain formatting of their numbers, in any slice", () => {
  fc.assert(
    fc.property(anyWrittenWindows, ({ windows, from, to }) => {
      const text = write(windows, from, to);
      const expected = [];
      for (let w = from; w < to; w++) expected.push(plainText(windows, w));
      assert.equal(text, expected.join(","));
      JSON.parse(`[${text}]`);
    }),
    { numRuns: 1500 },
  );
});

/** Windows of one timestep error a window, to see how each float is written. */
const errorsOf = (values: Float64Array): string[] => {
  const empty = new Float64Array(0);
  const windows: WrittenWindows = {
    model: prepareScoring({
      timesteps: values.length,
      features: 0,
      heads: [],
      scaler: { kind: "none", offset: [], scale: [] },
      clip: null,
      minCoverage: 0,
    }),
    include: new Set(["timestepError"]),
    outputs: { heads: [], embedding: new Float32Array(0) },
    scores: {
      count: 1,
      score: Float64Array.of(0),
      timestepError: values,
      featureError: empty,
      headErrors: [],
      saturated: Uint8Array.of(0),
      coverage: Float64Array.of(1),
    },
    pValue: Float64Array.of(Number.NaN),
    anomalous: Int8Array.of(-1),
  };
  const text = write(windows, 0, 1);
  return text.slice(text.indexOf("[") + 1, text.indexOf("]")).split(",");
};

test("every power of two and of ten, their neighbours, and a hundred thousand floats are written as digits.ts does", () => {
  const bits = new Uint32Array(1);
  const float = new Float32Array(bits.buffer);
  const values: number[] = [];
  const add = (pattern: number): void => {
    for (let near = -3; near <= 3; near++) {
      bits[0] = pattern + near;
      values.push(float[0]!);
    }
  };
  for (let exponent = 0; exponent < 255; exponent++) add(exponent << 23);
  for (let power = -45; power <= 38; power++) {
    float[0] = Number(`1e${power}`);
    add(bits[0]!);
    float[0] = Number(`5e${power}`);
    add(bits[0]!);
  }
  let state = 7;
  for (let i = 0; i < 100_000; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bits[0] = state;
    values.push(float[0]!);
  }
  const texts = errorsOf(Float64Array.from(values));
  values.forEach((value, i) => {
    assert.equal(texts[i], formatFloat32(value));
  });
});

test("many windows at once, more than the first page of memory holds", () => {
  const values = Float64Array.from({ length: 50_000 }, (_, i) => i / 3);
  const texts = errorsOf(values);
  assert.equal(texts.length, 50_000);
  assert.equal(texts[49_999], formatFloat32(49_999 / 3));
});

test("arrays that do not fit their layout, and a text that is longer than its layout says, are refused", () => {
  const layout = new WindowLayout(
    [{ name: "score", isAlways: true, writing: { kind: SCORE, count: 1, values: ({ pValue }) => pValue } }],
    { features: 1, heads: [], scaler: { kind: "none", offset: [0], scale: [1] } },
  );
  const program = layout.select(new Set());
  const windows = {
    outputs: { heads: [], embedding: new Float32Array(0) },
    scores: { count: 2 } as ScoredWindows["scores"],
    anomalous: new Int8Array(2),
  };
  const fitting = { ...windows, pValue: Float64Array.of(0.25, -1.1754943508222875e-38) };
  assert.equal(
    Buffer.from(writeWindows(program, { windows: fitting, from: 0, to: 2 })).toString(),
    '{"score":0.25},{"score":-1.1754944e-38}',
  );
  assert.throws(
    () => writeWindows(program, { windows: { ...windows, pValue: new Float64Array(4) }, from: 0, to: 2 }),
    /2 windows have 32 bytes where 16 were laid out/,
  );
  const tooShort = { ...program, windowBytes: 12 };
  assert.throws(
    () => writeWindows(tooShort, { windows: fitting, from: 0, to: 2 }),
    /The text of 2 windows has more than the 24 bytes laid out/,
  );
});
