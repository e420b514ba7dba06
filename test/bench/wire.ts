/**
 * Microseconds that it takes to read a window from a request's bytes and to write its answer, beside what JSON.parse and
 * JSON.stringify take for the same text (which check nothing, and make no typed array).
 *
 * `npm run -s bench -- wire [--json] [--seconds S]`
 */
import { parseArgs } from "node:util";
import { windowMembers } from "../../src/http/model-answers.js";
import { readBodyMatrix } from "../../src/http/wire/matrix-reader.js";
import { WindowLayout } from "../../src/http/wire/window-layout.js";
import { writeWindows } from "../../src/http/wire/window-writer.js";
import { prepareScoring } from "../../src/scoring/scoring-model.js";
import { prepareWindows, scoreWindows } from "../../src/scoring/window-scoring.js";

const SHAPES = [
  [9, 1],
  [50, 8],
  [100, 25],
] as const;
const BATCHES = [1, 16, 128] as const;

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    json: { type: "boolean", default: false },
    seconds: { type: "string", default: "1" },
  },
});

/** Readings as clients send them: few digits from sensors, or doubles as other programs print them. */
const WAYS = {
  "6 digits": (x: number) => Number(x.toPrecision(6)),
  "17 digits": (x: number) => x,
} as const;

/**
 * Measures many intervals of about a millisecond, after a round that warms up, and returns the fastest: other work on
 * the machine can only make an interval slower.
 */
function microseconds(run: () => unknown, windows: number): number {
  let best = Number.POSITIVE_INFINITY;
  let runs = 1;
  for (const [round, seconds] of [1, Number(options.seconds)].entries()) {
    const end = performance.now() + seconds * 1_000;
    for (let begin = performance.now(); begin < end; ) {
      for (let i = 0; i < runs; i++) run();
      const now = performance.now();
      if (round === 0) runs = Math.min(Math.max(Math.ceil(runs / (now - begin)), 1), 10_000);
      else best = Math.min(best, ((now - begin) * 1_000) / runs / windows);
      begin = now;
    }
  }
  return Math.round(best * 10) / 10;
}

for (const [timesteps, features] of SHAPES) {
  const model = prepareScoring({
    timesteps,
    features,
    heads: [{ name: "reconstruction", start: 0, steps: timesteps, reversed: false }],
    scaler: {
      kind: "standard",
      offset: Array.from({ length: features }, (_, i) => 20 + i),
      scale: Array.from({ length: features }, (_, i) => 1.5 + i),
    },
    clip: 20,
    minCoverage: 0.5,
  });
  const size = timesteps * features;
  for (const [way, digits] of Object.entries(WAYS)) {
    for (const count of BATCHES) {
      const reading = (i: number): number => digits(20 + 7 * Math.sin(i * 0.37) + ((i * 7919) % 1009) / 1009);
      const body = Buffer.from(
        JSON.stringify({
          windows: Array.from({ length: count }, (_, w) =>
            Array.from({ length: timesteps }, (_, t) =>
              Array.from({ length: features }, (_, f) => reading(w * size + t * features + f)),
            ),
          ),
        }),
      );
      const readings = readBodyMatrix(body)!.values;
      const prepared = prepareWindows(model, readings, count);
      const outputs = {
        heads: [prepared.scaled.map((x, i) => x + Math.cos(i) / 20)],
        embedding: new Float32Array(0),
      };
      const parts = { scoring: model, embeddingUnits: 0, isCalibrated: true, hasThreshold: true };
      const program = new WindowLayout(windowMembers(parts), model).select(
        new Set(["reconstruction", "timestepError"]),
      );
      const windows = {
        outputs,
        scores: scoreWindows(model, "squared", prepared, outputs),
        pValue: Float64Array.from({ length: count }, (_, w) => (1 + ((w * 13) % 300)) / 301),
        anomalous: new Int8Array(count),
      };
      const answer = JSON.parse(
        `[${Buffer.from(writeWindows(program, { windows, from: 0, to: count })).toString()}]`,
      );
      const perWindow = {
        read: microseconds(() => readBodyMatrix(body), count),
        jsonParse: microseconds(() => JSON.parse(body.toString()), count),
        prepare: microseconds(() => prepareWindows(model, readings, count), count),
        score: microseconds(() => scoreWindows(model, "squared", prepared, outputs), count),
        write: microseconds(() => writeWindows(program, { windows, from: 0, to: count }), count),
        jsonStringify: microseconds(() => Buffer.from(JSON.stringify(answer)), count),
      };
      const result = { shape: [timesteps, features], readings: way, windows: count, microseconds: perWindow };
      if (options.json) console.log(JSON.stringify(result));
      else {
        const { read, jsonParse, prepare, score, write, jsonStringify } = perWindow;
        console.log(
          `T${timesteps} F${features}, readings of ${way}, ${count} a request, us a window: read ${read} ` +
            `(JSON.parse ${jsonParse}), prepare ${prepare}, score ${score}, write ${write} ` +
            `(JSON.stringify ${jsonStringify}), both ways ${Math.round((read + write) * 10) / 10} ` +
            `(${Math.round((jsonParse + jsonStringify) * 10) / 10})`,
        );
      }
    }
  }
}
