/** The bytes of the answer to windows: typed arrays to JSON, with no object in between. */
import type { Timing, WindowsResult } from "../serving/score-result.js";
import type { ModelAnswers } from "./model-answers.js";
import type { WindowProgram } from "./wire/window-layout.js";
import { writeWindows } from "./wire/window-writer.js";

/** About as many numbers as can be written at once without delaying other requests. */
const NUMBERS_A_CHUNK = 16_384;

/**
 * `{model, threshold, windows, timing}` in chunks of bounded size.
 *
 * @param program says what is written of a window.
 */
export function* scoreResponse(
  answers: ModelAnswers,
  program: WindowProgram,
  result: WindowsResult,
): Generator<Uint8Array, void> {
  const { threshold, slices, count } = result;
  const step = Math.max(1, Math.floor(NUMBERS_A_CHUNK / program.windowNumbers));
  let written = 0;
  for (const windows of slices) {
    for (let from = 0; from < windows.scores.count; from += step) {
      const to = Math.min(from + step, windows.scores.count);
      const before = written === 0 ? `${answers.headText(threshold)},"windows":[` : ",";
      written += to - from;
      const after = written === count ? `],${timingText(result)}}` : "";
      yield writeWindows(program, { windows, from, to, before, after });
    }
  }
}

/** `"timing":{...}` */
export function timingText({ queueMs, computeMs }: Timing): string {
  return `"timing":{"queueMs":${queueMs.toFixed(3)},"computeMs":${computeMs.toFixed(3)}}`;
}
