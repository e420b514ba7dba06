/** calibration.bin: the calibration samples of a model as bytes, and back. */
import { InputError } from "../errors.js";
import { SCORERS, type ScorerName } from "./scorers/scorers.js";
import {
  type Calibration,
  type CalibrationSample,
  EXACT_TAIL,
  MAX_KEPT,
  type ScorerCalibration,
} from "./thresholds.js";

const MAGIC = 0x43445352; // "RSDC" in little-endian bytes
const VERSION = 1;
const HEADER_BYTES = 12;
const SAMPLE_HEADER_BYTES = 16;
const KINDS = ["windows", "timesteps"] as const;

/**
 * The bytes of calibration.bin, little-endian: magic, version and number of samples as uint32; then for each sample
 * the uint32 scorer id * 2 + kind (0 windows, 1 timesteps), n, blocks and number of values, the values as float64, and
 * `atLeast` as uint32. docs/bundle-format.md has it as a table.
 */
export function encodeCalibration(calibration: Calibration): Uint8Array {
  const samples = SCORERS.flatMap(({ name, id }) => {
    const ofScorer = calibration[name];
    return ofScorer === undefined
      ? []
      : KINDS.map((kind, k) => ({ key: id * 2 + k, sample: ofScorer[kind] }));
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
    if (!SCORERS.some(({ id }) => id === key >>> 1) || found.has(key)) {
      refuse(`has an unknown or repeated sample ${key}`);
    }
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
  const calibration: Partial<Record<ScorerName, ScorerCalibration>> = {};
  for (const { name, id } of SCORERS) {
    const windows = found.get(id * 2);
    const timesteps = found.get(id * 2 + 1);
    if (windows !== undefined && timesteps !== undefined) calibration[name] = { windows, timesteps };
    else if (windows !== timesteps) refuse(`has only one of the two samples of scorer ${name}`);
  }
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
