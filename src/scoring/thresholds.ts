/**
 * When a score is anomalous: conformal p-values over a sample of normal scores that training never saw
 * (Vovk, Gammerman & Shafer 2005, "Algorithmic Learning in a Random World"; Laxhammar & Falkman 2010).
 */
import { InputError, ResiduaError } from "../errors.js";
import { SCORERS, type Scorer } from "./window-scoring.js";

/** The most values a sample keeps. */
export const MAX_KEPT = 4096;
/** In a sample that had to be thinned, this many of the largest scores are kept as they are. */
export const EXACT_TAIL = 2048;

/** Sorted normal scores: all of them, or the upper tail and the largest of each group below it. */
export interface CalibrationSample {
  /** How many scores the sample was made from. */
  readonly n: number;
  /** How many of the windows behind them do not overlap: how far a small rate can be trusted. */
  readonly blocks: number;
  /** [kept], ascending, finite. */
  readonly values: Float64Array;
  /** [kept]: how many scores stand from here up, whole groups counted; n at the first, 1 at the last. */
  readonly atLeast: Uint32Array;
}

/**
 * Sorts normal scores, and thins what lies under the upper tail into groups of equal size, each known by its
 * largest score. p-values are so exact in the tail, and too large by less than one group below it, never too
 * small.
 *
 * @param scores any order; NaN (a window without a score) is left out.
 * @throws InputError where there is no score, or one is not finite.
 */
export function compressSample(scores: Float64Array, blocks: number): CalibrationSample {
  const sorted = scores.filter((score) => !Number.isNaN(score)).sort();
  const n = sorted.length;
  if (n === 0)
    throw new InputError("There is no score to calibrate with: no window of the calibration rows has one.");
  if (!Number.isFinite(sorted[0]!) || !Number.isFinite(sorted[n - 1]!)) {
    throw new InputError("A calibration score is not finite.");
  }
  const exact = n <= MAX_KEPT ? n : EXACT_TAIL;
  const groups = n <= MAX_KEPT ? 0 : MAX_KEPT - EXACT_TAIL;
  const values = new Float64Array(groups + exact);
  const atLeast = new Uint32Array(groups + exact);
  const thinned = n - exact;
  for (let group = 0; group < groups; group++) {
    const first = Math.floor((group * thinned) / groups);
    const end = Math.floor(((group + 1) * thinned) / groups);
    values[group] = sorted[end - 1]!;
    atLeast[group] = n - first;
  }
  for (let i = 0; i < exact; i++) {
    values[groups + i] = sorted[thinned + i]!;
    atLeast[groups + i] = exact - i;
  }
  return { n, blocks: Math.min(Math.max(1, blocks), n), values, atLeast };
}

/** (1 + calibration scores >= score) / (n + 1); NaN for NaN. */
export function pValue(sample: CalibrationSample, score: number): number {
  if (Number.isNaN(score)) return Number.NaN;
  const { values, atLeast } = sample;
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! >= score) high = middle;
    else low = middle + 1;
  }
  return (1 + (low < values.length ? atLeast[low]! : 0)) / (sample.n + 1);
}

/** The smallest share of normal scores that can be told from none with this sample. */
export function smallestFalseAlarmRate(sample: CalibrationSample): number {
  return 1 / (sample.n + 1);
}

/**
 * The score above which, and only above which, `pValue(sample, score) <= falseAlarmRate`.
 *
 * @throws ResiduaError UNSUPPORTED_BY_MODEL where the rate is below 1 / (n + 1): it would have to be
 *   extrapolated.
 */
export function conformalThreshold(sample: CalibrationSample, falseAlarmRate: number): number {
  const { n, values, atLeast } = sample;
  if (!(falseAlarmRate >= smallestFalseAlarmRate(sample))) {
    throw new ResiduaError(
      "UNSUPPORTED_BY_MODEL",
      `A false-alarm rate of ${falseAlarmRate} cannot be told with ${n} calibration scores; the smallest rate they carry is 1/${n + 1} (${roundUp(1 / (n + 1))}).`,
    );
  }
  if (!(falseAlarmRate < 1)) {
    throw new InputError(`A false-alarm rate has to be below 1, not ${falseAlarmRate}.`);
  }
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((1 + atLeast[middle]!) / (n + 1) <= falseAlarmRate) high = middle;
    else low = middle + 1;
  }
  // The first p-value is (1 + n) / (n + 1), which no rate below 1 admits.
  return values[low - 1]!;
}

/** Four digits, rounded up, so that the number named can be asked for. */
function roundUp(rate: number): number {
  const rounded = Number(rate.toPrecision(4));
  return rounded >= rate ? rounded : Number((rate * 1.0005).toPrecision(4));
}

/** What one scorer gave on normal data. Windows and stitched timesteps are calibrated apart. */
export interface ScorerCalibration {
  readonly windows: CalibrationSample;
  readonly timesteps: CalibrationSample;
}

/** calibration.bin, decoded: by scorer, for those the bundle has calibrated. */
export type Calibration = Readonly<Partial<Record<Scorer, ScorerCalibration>>>;

const MAGIC = 0x43445352; // "RSDC" in little-endian bytes
const VERSION = 1;
const HEADER_BYTES = 12;
const SAMPLE_HEADER_BYTES = 16;
const KINDS = ["windows", "timesteps"] as const;

/**
 * The bytes of calibration.bin, little-endian: magic, version and number of samples as uint32; then for each
 * sample uint32 scorer * 2 + kind, n, blocks and number of values, the values as float64, and `atLeast` as
 * uint32.
 */
export function encodeCalibration(calibration: Calibration): Uint8Array {
  const samples = SCORERS.flatMap((scorer, s) => {
    const ofScorer = calibration[scorer];
    return ofScorer === undefined ? [] : KINDS.map((kind, k) => ({ key: s * 2 + k, sample: ofScorer[kind] }));
  });
  const length = samples.reduce((sum, { sample }) => sum + sampleBytes(sample.values.length), HEADER_BYTES);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const putUint32 = (value: number): void => {
    view.setUint32(at, value, true);
    at += 4;
  };
  for (const value of [MAGIC, VERSION, samples.length]) putUint32(value);
  for (const { key, sample } of samples) {
    for (const value of [key, sample.n, sample.blocks, sample.values.length]) putUint32(value);
    for (const value of sample.values) {
      view.setFloat64(at, value, true);
      at += 8;
    }
    for (const value of sample.atLeast) putUint32(value);
  }
  return bytes;
}

/** @throws InputError, saying what is wrong, where the bytes are not what `encodeCalibration` writes. */
export function decodeCalibration(bytes: Uint8Array): Calibration {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const need = (length: number): void => {
    if (at + length > bytes.length) refuse(`ends after ${bytes.length} bytes, inside a sample`);
  };
  const takeUint32 = (): number => {
    need(4);
    at += 4;
    return view.getUint32(at - 4, true);
  };
  if (takeUint32() !== MAGIC) refuse("does not begin with RSDC");
  const version = takeUint32();
  if (version !== VERSION) refuse(`has version ${version}, not ${VERSION}`);
  const count = takeUint32();
  const found = new Map<number, CalibrationSample>();
  for (let i = 0; i < count; i++) {
    const key = takeUint32();
    if (key >= SCORERS.length * KINDS.length || found.has(key))
      refuse(`has an unknown or repeated sample ${key}`);
    const n = takeUint32();
    const blocks = takeUint32();
    const kept = takeUint32();
    if (kept > MAX_KEPT) refuse(`keeps ${kept} scores, more than ${MAX_KEPT}`);
    need(sampleBytes(kept) - SAMPLE_HEADER_BYTES);
    const values = new Float64Array(kept);
    for (let j = 0; j < kept; j++, at += 8) values[j] = view.getFloat64(at, true);
    const atLeast = new Uint32Array(kept);
    for (let j = 0; j < kept; j++) atLeast[j] = takeUint32();
    const sample = { n, blocks, values, atLeast };
    checkSample(sample);
    found.set(key, sample);
  }
  if (at !== bytes.length) refuse(`has ${bytes.length - at} bytes too many`);
  const calibration: Partial<Record<Scorer, ScorerCalibration>> = {};
  SCORERS.forEach((scorer, s) => {
    const windows = found.get(s * 2);
    const timesteps = found.get(s * 2 + 1);
    if (windows !== undefined && timesteps !== undefined) calibration[scorer] = { windows, timesteps };
    else if (windows !== timesteps) refuse(`has only one of the two samples of scorer ${scorer}`);
  });
  return calibration;
}

function sampleBytes(kept: number): number {
  return SAMPLE_HEADER_BYTES + kept * 12;
}

function checkSample({ n, blocks, values, atLeast }: CalibrationSample): void {
  const kept = values.length;
  if (kept === 0 || atLeast[0] !== n || atLeast[kept - 1] !== 1) refuse("has counts that do not add up");
  if (blocks < 1 || blocks > n) refuse(`has ${blocks} blocks of ${n} scores`);
  for (let i = 0; i < kept; i++) {
    if (!Number.isFinite(values[i]!)) refuse("has a score that is not finite");
    if (i === 0) continue;
    if (values[i]! < values[i - 1]!) refuse("has scores out of order");
    const group = atLeast[i - 1]! - atLeast[i]!;
    if (group < 1 || (group > 1 && kept - i < EXACT_TAIL)) refuse("has counts that do not add up");
  }
}

function refuse(what: string): never {
  throw new InputError(`calibration.bin ${what}; publish the version again.`);
}
