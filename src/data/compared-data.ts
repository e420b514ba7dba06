/** Where data differ from those that a model was trained on. */
import { significantDigits } from "../scoring/digits.js";
import { listNames } from "./names.js";
import type { DataTaken } from "./taken.js";

/** A range that is left by more than this share of its width is worth a note. */
const OUTSIDE = 0.5;
/** So many times as many missing readings, and at least this share more of the rows, are worth a note. */
const MORE_MISSING = 0.05;

/**
 * Sentences on the step, the ranges, the missing readings and the groups of data that a model scores.
 *
 * @param trained what the model was trained on.
 * @param now what was taken from the files that it is used on.
 */
export function describeDifferences(trained: DataTaken, now: DataTaken): string[] {
  const notes: string[] = [];
  const [before, step] = [stepOf(trained), stepOf(now)];
  if (before !== null && step !== null && Math.abs(step - before) > before * 0.01) {
    notes.push(
      `The step is ${step / 1000} s, and that of the training data was ${before / 1000} s: the model expects rows as far apart as those.`,
    );
  }
  if (trained.time !== null && now.time === null) {
    notes.push("The files have no time, and the training data had one: gaps are not seen.");
  }
  for (const feature of now.features) {
    const known = trained.features.find(({ name }) => name === feature.name);
    if (known === undefined) continue;
    notes.push(...describeRange(feature, known));
    const share = feature.missing / now.rows;
    const knownShare = known.missing / trained.rows;
    if (share > knownShare + MORE_MISSING) {
      notes.push(
        `"${feature.name}": ${percent(share)} of the readings are missing; in the training data ${percent(knownShare)} were.`,
      );
    }
  }
  const fresh = (now.group?.values ?? []).filter((value) => trained.group?.values.includes(value) === false);
  if (fresh.length > 0) notes.push(`Groups that the model was not trained on: ${listNames(fresh)}.`);
  return notes;
}

/** The step of the rows that windows are made of. Sections of before there was resampling do not mention it. */
function stepOf({ time, resampled }: DataTaken): number | null {
  return resampled?.stepMs ?? time?.stepMs ?? null;
}

function describeRange(now: DataTaken["features"][number], known: DataTaken["features"][number]): string[] {
  if (now.min === null || now.max === null || known.min === null || known.max === null) return [];
  const margin = (known.max - known.min) * OUTSIDE;
  if (now.min >= known.min - margin && now.max <= known.max + margin) return [];
  return [
    `"${now.name}" goes from ${now.min} to ${now.max}; in the training data it went from ${known.min} to ${known.max}.`,
  ];
}

function percent(share: number): string {
  return `${significantDigits(100 * share, 2)} %`;
}
