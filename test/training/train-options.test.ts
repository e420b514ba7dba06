import assert from "node:assert/strict";
import { test } from "node:test";
import type { Option, OptionTable } from "../../src/data/option-values.js";
import { InputError } from "../../src/errors.js";
import { corruption, unitList } from "../../src/training/option-parsers.js";
import { FITTING_OPTIONS, toTrainOptions } from "../../src/training/train-options.js";
import { valuesOf } from "./fitting-values.js";

test("units and corruption are read as they are written", () => {
  assert.deepEqual(unitList("64, 16"), [64, 16]);
  assert.deepEqual(corruption("masking:0.3"), { kind: "masking", rate: 0.3 });
  assert.deepEqual(corruption("gaussian:2"), { kind: "gaussian", stddev: 2 });
  for (const text of ["", "64,", "64,0", "64;16"]) assert.throws(() => unitList(text), InputError, text);
  for (const text of [
    "masking",
    "masking:1",
    "masking:-1",
    "gaussian:-1",
    "gaussian:x",
    "dropout:0.1",
    "masking:",
  ]) {
    assert.throws(() => corruption(text), InputError, text);
  }
});

test("every default is one that its own parser takes", () => {
  const table: OptionTable = FITTING_OPTIONS;
  for (const [name, entry] of Object.entries(table)) {
    if (!("parse" in entry) || entry.default === undefined) continue;
    const { parse, default: fallback } = entry as Option<unknown>;
    assert.deepEqual(parse(String(fallback)), fallback, name);
  }
});

test("what is not asked for follows from what is", () => {
  const plain = toTrainOptions(valuesOf({}), 7);
  assert.deepEqual([plain.seed, plain.clip, plain.corruption, plain.epochs], [7, 20, undefined, undefined]);
  assert.equal(toTrainOptions(valuesOf({ scaler: "none" }), 1).clip, null);
  assert.equal(toTrainOptions(valuesOf({ scaler: "none", clip: "3" }), 1).clip, 3);
  assert.deepEqual(toTrainOptions(valuesOf({ family: "denoising" }), 1).corruption, {
    kind: "masking",
    rate: 0.3,
  });
});

test("layers are dense where nobody says, and LSTMs where what is asked for needs them", () => {
  const familyOf = (texts: Readonly<Record<string, string>>) =>
    toTrainOptions(valuesOf(texts), 1).architecture.family;
  assert.equal(familyOf({}), "dense");
  for (const texts of [{ cell: "gru" }, { cell: "lstm" }, { reverse: "true" }]) {
    assert.equal(familyOf(texts), "reconstruction", JSON.stringify(texts));
  }
  assert.equal(familyOf({ family: "composite", cell: "gru" }), "composite");
  const unitsOf = (texts: Readonly<Record<string, string>>) =>
    toTrainOptions(valuesOf(texts), 1).architecture.units;
  assert.deepEqual([unitsOf({}), unitsOf({ cell: "lstm" }), unitsOf({ units: "8" })], [[64, 16], [64], [8]]);
  assert.throws(() => familyOf({ family: "dense", cell: "gru" }), /needs recurrent layers/);
});

test("forward folds and a linear path are the default, and each has its other way", () => {
  const options = (texts: Readonly<Record<string, string>>) => {
    const { folds, calibration, linearPath, architecture } = toTrainOptions(valuesOf(texts), 1);
    return [architecture.timesteps, folds, calibration, linearPath];
  };
  assert.deepEqual(options({}), ["auto", 3, 0.2, 0.7]);
  assert.deepEqual(options({ timesteps: "9", folds: "0", linearPath: "off" }), [9, 0, 0.2, null]);
  assert.deepEqual(options({ calibration: "0.3", linearPath: "0.9" }), ["auto", 0, 0.3, 0.9]);
  for (const family of ["prediction", "composite"]) assert.equal(options({ family })[3], null);
  assert.equal(options({ reverse: "true" })[3], null);
  assert.equal(options({ family: "dense" })[3], 0.7);
  const trainingOf = (texts: Readonly<Record<string, string>>) =>
    toTrainOptions(valuesOf(texts), 1).linearPathTraining;
  assert.deepEqual([trainingOf({}), trainingOf({ linearPathTraining: "joint" })], ["fixed", "joint"]);
});

test("options that contradict each other are refused", () => {
  const wrong: [Readonly<Record<string, string>>, RegExp][] = [
    [{ validation: "0.5", calibration: "0.5" }, /^--validation and --calibration together/],
    [{ folds: "0", calibration: "0.2" }, /^--folds and --calibration are two ways/],
    [{ validation: "0.9", folds: "0" }, /^--validation and --calibration together/],
    [{ linearPath: "0.7", reverse: "true" }, /^--linear-path needs .*--reverse turns/],
    [
      { linearPathTraining: "joint", linearPath: "off" },
      /^--linear-path-training .* since --linear-path is off/,
    ],
    [{ linearPathTraining: "fixed", family: "composite" }, /^--linear-path-training .* family composite has/],
    [{ family: "dense", horizon: "3" }, /^--horizon needs a prediction head/],
    [{ family: "dense", reverse: "true" }, /^Reverse needs a recurrent reconstruction decoder/],
  ];
  for (const [texts, message] of wrong) {
    assert.throws(
      () => toTrainOptions(valuesOf(texts), 1),
      (error) => error instanceof InputError && message.test(error.message),
    );
  }
});
