/** Training with calendar inputs: they are read as they are, and what is learnt depends on them. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Dataset } from "../../src/data/dataset.js";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { buildNetwork } from "../../src/network/architectures.js";
import { describeNetwork, readLayersModel, writeLayersModel } from "../../src/network/layers-model.js";
import { residualNetwork, rowShape } from "../../src/network/network.js";
import { Random } from "../../src/network/random.js";
import { initialWeights } from "../../src/network/weights.js";
import type { Calendar } from "../../src/scoring/calendar.js";
import { prepareScoring } from "../../src/scoring/scoring-model.js";
import { createAugmentation } from "../../src/training/augmentation.js";
import { CALENDAR_ADVICE } from "../../src/training/calendar-options.js";
import { fit } from "../../src/training/fit.js";
import { fitLinearPath } from "../../src/training/linear-path.js";
import { trainModel } from "../../src/training/train-model.js";
import { toTrainOptions } from "../../src/training/train-options.js";
import type { TrainOptions } from "../../src/training/train-settings.js";
import { createWindowSource } from "../../src/training/window-reader.js";
import { valuesOf } from "./fitting-values.js";
import { LinearTrainer } from "./linear-trainer.js";

const BOTH: Calendar = { parts: ["hour", "weekday"], timeZone: "UTC" };
const HOUR = 3_600_000;

let engine: Awaited<ReturnType<typeof createWasmEngine>>;
before(async () => {
  engine = await createWasmEngine({ threads: 1 });
});
after(() => engine.close());

/** A row every six hours; its two readings are high on working days and low on others. */
function weeks(rows: number, withTimes = true): Dataset {
  const random = new Random(3);
  const times = Float64Array.from({ length: rows }, (_, row) => Date.UTC(2024, 0, 1) + row * 6 * HOUR);
  const values = Float64Array.from({ length: rows * 2 }, (_, i) => {
    const day = new Date(times[Math.floor(i / 2)]!).getUTCDay();
    return (day === 0 || day === 6 ? 0 : 3) + 0.2 * random.normal();
  });
  const series = {
    file: "weeks.csv",
    group: undefined,
    rows,
    values,
    timestampsMs: withTimes ? times : undefined,
    anomalous: undefined,
    fileIndex: 0,
    fileRows: Int32Array.from({ length: rows }, (_, row) => row),
  };
  return { files: [], features: ["a", "b"], series: [series], maxGapMs: undefined, notes: [] };
}

/** Windows of a data set as the network reads them: [T, 2 + 4]. */
function windowsOf(dataset: Dataset, timesteps: number, calendar: Calendar | undefined) {
  const count = dataset.series[0]!.rows - timesteps;
  const set = {
    count,
    series: new Int32Array(count),
    start: Int32Array.from({ length: count }, (_, i) => i),
  };
  const model = prepareScoring({
    ...{ timesteps, features: 2, clip: 20, minCoverage: 0.5, calendar },
    heads: [{ name: "reconstruction", start: 0, steps: timesteps, reversed: false }],
    scaler: { kind: "standard", offset: [2, 2], scale: [1.4, 1.4] },
  });
  return { set, model, source: createWindowSource(dataset, set, model) };
}

const isReading = (i: number): boolean => i % 6 < 2;
const some = [0, 7, 40];

test("a linear path is fitted on readings and taken off them; the network's own layers do the same", async () => {
  const timesteps = 5;
  const dataset = weeks(120);
  const { source: plain } = windowsOf(dataset, timesteps, undefined);
  const { source } = windowsOf(dataset, timesteps, BOTH);
  const options = { family: "dense", timesteps, features: 2, units: [4], activation: "tanh" } as const;
  const row = rowShape({ features: 2, covariates: 4 });
  const path = fitLinearPath(plain, timesteps * 2, 0.7, row)!;
  const alone = fitLinearPath(plain, timesteps * 2, 0.7)!;
  const [whole, readings] = [source.read(some), plain.read(some)];
  const left = whole.slice();
  path.subtract(left);
  alone.subtract(readings);
  assert.deepEqual(
    left.filter((_, i) => isReading(i)),
    readings,
  );
  assert.deepEqual(
    left.filter((_, i) => !isReading(i)),
    whole.filter((_, i) => !isReading(i)),
  );

  const network = buildNetwork({ ...options, covariates: 4, linearPath: path.components });
  const g = residualNetwork(network);
  const own = initialWeights(g, 3);
  const weights = new Map([...own, ...path.weights(network.linearPath!, network)]);
  const { modelJson, weightsBin } = writeLayersModel(network, weights);
  readLayersModel(JSON.parse(JSON.stringify(modelJson)), weightsBin, describeNetwork(network));
  const [together, rest] = [await engine.compile(network, weights), await engine.compile(g, own)];
  const [reconstruction, linear] = (await together.run(whole, some.length)).heads;
  const [ofRest] = (await rest.run(left, some.length)).heads;
  ofRest!.forEach((value, i) => {
    assert.ok(Math.abs(reconstruction![i]! - linear![i]! - value) < 1e-5, `${i}`);
  });
  await Promise.all([together.close(), rest.close()]);
});

test("corruption and augmentation leave calendar inputs as they are", async () => {
  const { set, model, source } = windowsOf(weeks(120), 5, BOTH);
  const before = source.read(some);
  const changed = before.slice();
  const { source: plain } = windowsOf(weeks(120), 5, undefined);
  const augmentation = createAugmentation(set, plain, model, { slowTrend: 2, amplitude: 3 })!;
  augmentation.augment(changed, some, new Random(1));
  changed.forEach((value, i) => {
    if (isReading(i)) assert.notEqual(value, before[i]);
    else assert.equal(value, before[i]);
  });

  const trainer = new LinearTrainer({ covariates: 2 });
  const rows = {
    count: 200,
    read: (numbers: ArrayLike<number>) => new Float32Array(numbers.length * 9).fill(2),
  };
  const options = {
    ...trained(undefined),
    linearPath: undefined,
    epochs: 1,
    batchSize: 200,
    windowsPerEpoch: 200,
    seed: 1,
  };
  await fit(trainer, rows, { ...rows, count: 0 }, { ...options, corruption: { kind: "masking", rate: 0.5 } });
  const { inputs } = trainer.steps[0]!;
  assert.ok(inputs.some((value, i) => i % 3 === 0 && value === 0));
  assert.ok(inputs.every((value, i) => i % 3 === 0 || value === 2));
});

function trained(calendar: Calendar | undefined): TrainOptions {
  const options = toTrainOptions(valuesOf({ timesteps: "2", epochs: "25", folds: "0" }), 1);
  return { ...options, calendar };
}

test("a network that reads the weekday reconstructs what the window alone does not tell", async () => {
  const choices: string[] = [];
  const notes: string[] = [];
  const events = {
    onChoice: (line: string) => choices.push(line),
    onNote: (note: string) => notes.push(note),
  };
  const options = (calendar: Calendar | undefined) => ({
    ...trained(calendar),
    linearPath: null,
    architecture: { ...trained(calendar).architecture, units: [1] },
    corruption: { kind: "masking", rate: 0.9 } as const,
  });
  const without = await trainModel(engine, weeks(600), options(undefined));
  const model = await trainModel(engine, weeks(600), options(BOTH), events);
  assert.equal(model.network.covariates, 4);
  assert.deepEqual(model.scoring.calendar, BOTH);
  assert.ok(
    choices.includes(
      "calendar inputs: the hour and the weekday, in UTC; whoever sends rows has to send their times",
    ),
  );
  const lossOf = ({ fit: { epochs, bestEpoch } }: typeof model) => epochs[bestEpoch - 1]!.loss;
  assert.ok(lossOf(model) < 0.5 * lossOf(without), `${lossOf(model)} and ${lossOf(without)}`);
  assert.ok(!notes.includes(CALENDAR_ADVICE));
  const beside = { ...trained(BOTH), epochs: 1, linearPath: 0.7 };
  await trainModel(engine, weeks(100), { ...beside, linearPathTraining: "joint" }, events);
  assert.ok(!notes.includes(CALENDAR_ADVICE));
  await trainModel(engine, weeks(100), beside, events);
  assert.ok(notes.includes(CALENDAR_ADVICE));
  const { examples } = model;
  assert.equal(examples.windows.length, examples.count * 2 * 6);
  assert.equal(examples.timestampsMs!.length, examples.count * 2);
});

test("rows without times are refused, with what to do", async () => {
  await assert.rejects(
    trainModel(engine, weeks(100, false), trained(BOTH)),
    /^InputError: --calendar needs the time of each row, and weeks\.csv has no column of times .*--time-column, or leave --calendar out\.$/,
  );
});

test("hour and weekday in any order, in the zone of the files; no other words, no kernels that are tied", () => {
  const calendarOf = (given: Record<string, string>) => toTrainOptions(valuesOf(given), 1).calendar;
  assert.equal(calendarOf({}), undefined);
  assert.deepEqual(calendarOf({ calendar: "weekday,hour" }), BOTH);
  assert.deepEqual(calendarOf({ calendar: "hour", timeZone: "Asia/Tokyo" }), {
    parts: ["hour"],
    timeZone: "Asia/Tokyo",
  });
  assert.throws(() => calendarOf({ calendar: "month" }), /"month" is none of hour, weekday\./);
  assert.throws(() => calendarOf({ calendar: "hour,hour" }), /"hour" occurs twice/);
  assert.throws(() => calendarOf({ calendar: "hour", timeZone: "Mars" }), /no time zone "Mars"/);
  assert.throws(
    () => calendarOf({ calendar: "hour", family: "stacked" }),
    /Family stacked .* take family dense/,
  );
});
