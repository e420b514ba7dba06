/** A pump with three sensors: a model that is trained on it, and a file with a fault of one of them. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { Random } from "../../src/network/random.js";
import { createWorkplace } from "../cli/residua-process.js";
import { type RunningService, type StartOptions, startService } from "../http/running-service.js";

export const SENSORS = ["flow", "pressure", "vibration"] as const;
/** The rows of `FAULTY_FILE` in which the vibration is what it should not be. */
export const FAULT = { from: 300, to: 330 } as const;
const STEP_MS = 300_000;

/** [rows][3]: noisy waves. */
function readings(seed: number, rows: number): number[][] {
  const random = new Random(seed);
  return Array.from({ length: rows }, (_, row) => [
    50 + 10 * Math.sin(row / 6) + 0.5 * random.normal(),
    3 + Math.sin(row / 6 + 0.4) + 0.05 * random.normal(),
    1.5 + 0.2 * Math.cos(row / 6) + 0.02 * random.normal(),
  ]);
}

function csv(rows: readonly (readonly number[])[]): string {
  const lines = rows.map((row, i) => {
    const time = new Date(Date.UTC(2026, 8, 7) + i * STEP_MS).toISOString();
    return [time, ...row.map((value) => value.toFixed(4))].join(",");
  });
  return `time,${SENSORS.join(",")}\n${lines.join("\n")}\n`;
}

export const FAULTY_FILE = csv(
  readings(2, 600).map(([flow = 0, pressure = 0, vibration = 0], row) => [
    flow,
    pressure,
    row >= FAULT.from && row < FAULT.to ? vibration + 1.5 : vibration,
  ]),
);

/** Trains two versions of `pump`, with a recurrent and with a dense network. @returns the folder of models. */
export async function trainPump(t: TestContext): Promise<string> {
  const { write, residua, models } = await createWorkplace(t);
  const file = await write("normal.csv", csv(readings(1, 3000)));
  const options = ["--timesteps", "8", "--epochs", "6", "--learning-rate", "0.01", "--calibration", "0.4"];
  for (const family of [
    ["--units", "6"],
    ["--family", "dense", "--units", "8"],
  ]) {
    const { status, err } = await residua(["train", file, "--name", "pump", ...options, ...family]);
    assert.equal(status, 0, err);
  }
  return models;
}

export function serveModels(
  t: TestContext,
  models: string,
  config: StartOptions["config"] = {},
): Promise<RunningService> {
  return startService(t, { contents: {}, config: { ...config, RESIDUA_MODELS: models } });
}
