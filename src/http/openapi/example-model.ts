/** A model with windows of 2 timesteps of 2 features, as the routes about models answer. */
const SHA256 = "9f2c".repeat(16);
export const LISTED = {
  name: "pump",
  aliases: { stable: "4" },
  versions: [
    { version: "4", state: "live", sha256: SHA256, engine: "wasm", device: "cpu", reason: null },
    { version: "3", state: "stored", sha256: null, engine: null, device: null, reason: null },
  ],
  reason: null,
};
export const METADATA = {
  name: "pump",
  versions: ["4"],
  platform: "residua_wasm",
  inputs: [
    {
      name: "windows",
      datatype: "FP32",
      shape: [-1, 2, 2],
      parameters: {
        features: [
          { name: "flow", unit: "m3/h" },
          { name: "temperature", unit: null },
        ],
      },
    },
  ],
  outputs: [
    { name: "reconstruction", datatype: "FP32", shape: [-1, 2, 2] },
    { name: "score", datatype: "FP32", shape: [-1] },
  ],
};
export const MANIFEST = {
  schemaVersion: 2,
  name: "pump",
  version: "4",
  createdAt: "2026-05-04T09:12:33.120Z",
  files: { "weights.bin": "5d1e".repeat(16) },
  family: "reconstruction",
  timesteps: 2,
  inputSteps: 2,
  features: [
    { name: "flow", unit: "m3/h" },
    { name: "temperature", unit: null },
  ],
  heads: [{ name: "reconstruction", start: 0, steps: 2, reversed: false }],
  embeddingLayer: "encoder",
  ties: [],
  tfjsLayers: true,
  scaler: { kind: "standard", offset: [3.2, 20.1], scale: [0.4, 1.7] },
  clip: 20,
  minCoverage: 0.5,
  loss: "mse",
  scorers: ["squared"],
  threshold: {
    method: "conformal",
    scorer: "squared",
    falseAlarmRate: 0.01,
    value: 0.587,
    timestepValue: 0.343,
  },
  calibration: { squared: { windows: 4031, windowBlocks: 125, timesteps: 4062 } },
  training: { seed: 1 },
};
