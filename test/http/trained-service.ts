/** A service over a model that the command line trained, and data like those it learnt from. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { Random } from "../../src/network/random.js";
import { createWorkplace } from "../cli/residua-process.js";
import { type RunningService, startService } from "./running-service.js";

/** Rows of a window of the trained model. */
export const TIMESTEPS = 8;
export const STEP_MS = 300_000;

/** [rows][2]: two noisy waves; `change` is added to both readings of a row. */
export function makeWaves(seed: number, rows: number, change: (row: number) => number = () => 0): number[][] {
  const random = new Random(seed);
  return Array.from({ length: rows }, (_, row) =>
    [Math.sin(row / 5), Math.cos(row / 5)].map((wave) => wave + 0.15 * random.normal() + change(row)),
  );
}

/** The same as a CSV file with a row every five minutes. */
export function writeWavesFile(
  series: readonly (readonly number[])[],
  options: { withTime?: boolean } = {},
): string {
  const { withTime = true } = options;
  const rows = series.map((readings, row) => {
    const time = new Date(Date.UTC(2024, 0, 1) + row * STEP_MS).toISOString();
    const values = readings.map((value) => value.toFixed(4)).join(",");
    return withTime ? `${time},${values}` : values;
  });
  return `${withTime ? "time," : ""}sin,cos\n${rows.join("\n")}\n`;
}

/** What `train` is called with so that it takes a second. */
export const QUICK = [
  ...["--family", "reconstruction", "--timesteps", String(TIMESTEPS), "--units", "6", "--epochs", "8"],
  ...["--learning-rate", "0.01", "--calibration", "0.4"],
];

/** Trains the model `waves` on 4000 rows, with further options, and serves it. */
export async function serveTrained(t: TestContext, ...options: string[]): Promise<RunningService> {
  const { write, residua, models } = await createWorkplace(t);
  const csv = await write("normal.csv", writeWavesFile(makeWaves(1, 4000)));
  const { status, err } = await residua(["train", csv, "--name", "waves", ...QUICK, ...options]);
  assert.equal(status, 0, err);
  return startService(t, { contents: {}, config: { RESIDUA_MODELS: models } });
}
