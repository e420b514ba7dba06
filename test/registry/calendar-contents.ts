/** A bundle whose network reads the hour and the weekday of each row. */
import type { BundleContents } from "../../src/registry/bundle-files.js";
import { encodeInput } from "../../src/registry/input-section.js";
import type { Calendar } from "../../src/scoring/calendar.js";
import { makeContents } from "./publications.js";
import { ReferenceEngine } from "./reference-engine.js";

export const BERLIN: Calendar = { parts: ["hour", "weekday"], timeZone: "Europe/Berlin" };
/** A Friday. */
export const START_MS = Date.UTC(2024, 2, 1);

/** T = 4, F = 2, without the linear path that it would be trained with. */
export async function calendarContents(): Promise<BundleContents> {
  const contents = await makeContents(new ReferenceEngine(), 1, { family: "dense", covariates: 4 });
  const series = Array.from({ length: 4 }, (_, row) => [20 + row, 1e5]);
  const timestamps = series.map((_, row) => START_MS + row * 3_600_000);
  return {
    ...contents,
    sampleBody: { series, timestamps, timeUnit: "ms" },
    sections: encodeInput(BERLIN),
  };
}
