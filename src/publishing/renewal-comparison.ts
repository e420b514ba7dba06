/** Whether a renewed version is worse than the one that is live. */
import type { VersionFigures } from "./renewal-figures.js";

/** Both versions on the same rows, which neither has learnt from. */
export interface RenewalComparison {
  readonly live: VersionFigures;
  readonly renewed: VersionFigures;
}

/** The renewed version may flag this many times the rate that was asked for, even where the live one flags less. */
const MOST_FLAGGED = 2;
/** Two fits of the same rows differ by less than this factor in their errors. */
const MOST_ERROR_GROWTH = 1.25;

/**
 * Why a renewed version is worse; none where it is not.
 *
 * @param falseAlarmRate that was asked for.
 * @param timesteps T: one event more or less flags as many rows.
 * @returns what comes after "the renewed version", with the figures.
 */
export function whyWorse(
  { live, renewed }: RenewalComparison,
  falseAlarmRate: number,
  timesteps: number,
): string[] {
  const reasons: string[] = [];
  if (renewed.rows === 0) return ["has no normal row held out that it could be compared on"];
  if (live.threshold !== null && renewed.threshold === null) {
    reasons.push("has no threshold, since there are too few rows to calibrate with; the live one has one");
  }
  const allowed = Math.max(live.flagged ?? 0, MOST_FLAGGED * falseAlarmRate + timesteps / renewed.rows);
  if (renewed.flagged !== null && renewed.flagged > allowed) {
    reasons.push(
      `flags ${percent(renewed.flagged)} of ${renewed.rows} normal rows, the live one ${live.flagged === null ? "none" : percent(live.flagged)}, where ${percent(falseAlarmRate)} were asked for`,
    );
  }
  const [before, after] = [live.errors.median, renewed.errors.median];
  if (before !== null && after !== null && after > MOST_ERROR_GROWTH * before) {
    reasons.push(
      `has a median error of ${short(after)}, the live one ${short(before)} in the same units: it reconstructs normal rows less well`,
    );
  }
  if (renewed.drift.moved > live.drift.moved) {
    reasons.push(
      `finds that the normal level has moved in ${renewed.drift.moved} of ${renewed.drift.series} series (p-value ${short(renewed.drift.pValue ?? 1)}), the live one in ${live.drift.moved}`,
    );
  }
  if (live.faults !== null && renewed.faults !== null && renewed.faults.found < live.faults.found) {
    reasons.push(
      `finds ${renewed.faults.found} of ${renewed.faults.labelled} faults, the live one ${live.faults.found}`,
    );
  }
  return reasons;
}

function percent(share: number): string {
  return `${short(100 * share)} %`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
