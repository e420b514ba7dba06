import { test } from "node:test";
import type { Manifest } from "../../src/registry/manifest.js";
import { assertRefused, editJson, editManifest, published, rewrite } from "./altered-bundle.js";

const manifestCases: [string, (manifest: Manifest) => unknown, RegExp][] = [
  [
    "an unknown schema",
    (m) => Object.assign(m, { schemaVersion: 3 }),
    /schema version 3; .* reads versions 1 and 2/,
  ],
  ["no schema at all", (m) => Object.assign(m, { schemaVersion: undefined }), /schema version missing/],
  [
    "unknown keys and wrong types, all of them listed",
    (m) => Object.assign(m, { colour: 1, family: "cnn", timesteps: "4" }),
    /\/colour: .*\/family: .*\/timesteps: /,
  ],
  ["another name", (m) => Object.assign(m, { name: "fan" }), /is of fan 1, in a folder pump\/1/],
  ["another version", (m) => Object.assign(m, { version: "2" }), /is of pump 2, in a folder pump\/1/],
  ["other timesteps", (m) => Object.assign(m, { timesteps: 3 }), /inputSteps has to be .* from 1 to 3/],
  ["absurd timesteps", (m) => Object.assign(m, { timesteps: 1e9 }), /timesteps has to be/],
  ["a feature less", (m) => m.features.pop(), /reads \[4, 2\], the manifest says \[4, 1\]/],
  ["a head too many", (m) => m.heads.push(m.heads[0]!), /1 outputs for 2 heads/],
  ["a head elsewhere", (m) => Object.assign(m.heads[0]!, { start: 1 }), /rows outside the window/],
  ["another embedding", (m) => Object.assign(m, { embeddingLayer: "x" }), /no embedding layer "x"/],
  ["a scaler too short", (m) => m.scaler.offset.pop(), /scaler\.offset has 1 values for 2 features/],
  ["a scale of 0", (m) => m.scaler.scale.splice(0, 1, 0), /\/scaler\/scale\/0/],
  ["a mean too long", (m) => Object.assign(m.scaler, { mean: [1, 2, 3] }), /scaler\.mean has 3 values/],
  ["tfjsLayers that is not so", (m) => Object.assign(m, { tfjsLayers: false }), /says tfjsLayers false/],
  ["a scorer twice", (m) => m.scorers.push("squared"), /names one twice/],
  [
    "a threshold of no scorer",
    (m) => Object.assign(m.threshold!, { scorer: "absolute" }),
    /not among the scorers/,
  ],
  [
    "a calibrated threshold without calibration",
    (m) => {
      m.scorers.push("absolute");
      Object.assign(m.threshold!, { scorer: "absolute" });
    },
    /threshold for scorer absolute is without a calibration sample/,
  ],
  [
    "no calibration",
    (m) => Object.assign(m, { calibration: null, threshold: null }),
    /manifest.json has no calibration/,
  ],
  [
    "another size of the calibration",
    (m) => Object.assign(m.calibration!.squared!, { windows: 9 }),
    /other samples of scorer squared/,
  ],
  [
    "a file outside",
    (m) => Object.assign(m.files, { "../x": "0".repeat(64) }),
    /no part of a bundle: "\.\.\/x"/,
  ],
  ["a file unlisted", (m) => delete m.files["sample.json"], /sample\.json is not listed/],
  [
    "a tie that does not hold",
    (m) => m.ties.push({ kernel: "encoder_1/kernel", transposeOf: "reconstruction_1/kernel" }),
    /is not the transpose/,
  ],
];
for (const [what, change, sentence] of manifestCases) {
  test(`refuses a manifest with ${what}`, async (t) => {
    const folder = await published(t);
    await editManifest(folder, change);
    await assertRefused(folder, sentence);
  });
}

const fileCases: [string, string, (bytes: Buffer) => Uint8Array, RegExp][] = [
  ["a model.json that is not JSON", "model.json", () => Buffer.from("{"), /model\.json is not JSON/],
  [
    "a model.json that is not UTF-8",
    "model.json",
    () => Buffer.from([0xff, 0xfe]),
    /model\.json is not JSON/,
  ],
  [
    "an absurd shape",
    "model.json",
    (bytes) => Buffer.from(bytes.toString().replace(/"units": 3/, '"units": 3e9')),
    /units of "encoder_1"/,
  ],
  [
    "a weight that is NaN",
    "weights.bin",
    (bytes) => {
      bytes.writeFloatLE(Number.NaN, 4);
      return bytes;
    },
    /"encoder_1\/kernel" holds NaN at position 1/,
  ],
  [
    "weights cut short",
    "weights.bin",
    (bytes) => bytes.subarray(4),
    /weights\.bin has \d+ bytes; its weights take/,
  ],
  [
    "a damaged calibration",
    "calibration.bin",
    (bytes) => bytes.subarray(0, 40),
    /calibration\.bin ends after 40/,
  ],
  [
    "no golden windows",
    "golden.json",
    editJson((g) => Object.assign(g, { count: 0 })),
    /count of golden\.json/,
  ],
  [
    "a golden output missing",
    "golden.json",
    editJson((g) => Object.assign(g, { embedding: [] })),
    /embedding of golden\.json has 0 values, not 2 x 3/,
  ],
  [
    "a golden output that is no number",
    "golden.json",
    editJson((g) => (g["embedding"] as unknown[]).splice(0, 1, null)),
    /embedding of golden\.json holds null/,
  ],
  [
    "a sample without windows",
    "sample.json",
    () => Buffer.from("{}"),
    /windows of sample\.json has to be an array/,
  ],
  [
    "a sample of another shape",
    "sample.json",
    () => Buffer.from('{"windows": [[[1, 2]]]}'),
    /has to hold windows of 4 rows/,
  ],
  [
    "a sample with text",
    "sample.json",
    () => Buffer.from('{"series": [["1", 2]]}'),
    /has a row that is not 2 readings/,
  ],
  [
    "a series too short",
    "sample.json",
    () => Buffer.from('{"series": [[1, null]]}'),
    /shorter than a window of 4/,
  ],
];
for (const [what, file, change, sentence] of fileCases) {
  test(`refuses ${what}, whatever its hash`, async (t) => {
    const folder = await published(t);
    await rewrite(folder, file, change);
    await assertRefused(folder, sentence);
  });
}
