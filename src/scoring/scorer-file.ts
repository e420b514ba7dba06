/** scorers.bin: encodes and decodes the fitted parameters of a model's scorers. */
import { InputError } from "../errors.js";
import type { Scorer } from "./scorers/scorer.js";
import { type FittedScorers, SCORERS, type ScorerName } from "./scorers/scorers.js";

const MAGIC = 0x50445352; // "RSDP" in little-endian bytes
const VERSION = 1;
const HEADER_BYTES = 12;
const SCORER_HEADER_BYTES = 8;

/**
 * The bytes of scorers.bin, little-endian: magic, version and number of scorers as uint32; then for each scorer its id
 * and its number of parameters as uint32, and the parameters as float64. docs/bundle-format.md has it as a table.
 */
export function encodeFittedScorers(
  fitted: FittedScorers,
  scorers: readonly Pick<Scorer, "id" | "name">[] = SCORERS,
): Uint8Array {
  const parts = scorers.flatMap(({ name, id }) => {
    const parameters = fitted.get(name as ScorerName);
    return parameters === undefined ? [] : [{ id, parameters }];
  });
  const length = parts.reduce(
    (sum, { parameters }) => sum + SCORER_HEADER_BYTES + parameters.length * 8,
    HEADER_BYTES,
  );
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  [MAGIC, VERSION, parts.length].forEach((value, i) => {
    view.setUint32(i * 4, value, true);
  });
  let at = HEADER_BYTES;
  for (const { id, parameters } of parts) {
    view.setUint32(at, id, true);
    view.setUint32(at + 4, parameters.length, true);
    at += SCORER_HEADER_BYTES;
    for (const value of parameters) {
      view.setFloat64(at, value, true);
      at += 8;
    }
  }
  return bytes;
}

/** @throws InputError, saying what is wrong, where the bytes are not what `encodeFittedScorers` writes. */
export function decodeFittedScorers(
  bytes: Uint8Array,
  scorers: readonly Pick<Scorer, "id" | "name">[] = SCORERS,
): FittedScorers {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const takeUint32 = (): number => {
    if (at + 4 > bytes.length) refuse(`ends after ${bytes.length} bytes, inside a scorer`);
    at += 4;
    return view.getUint32(at - 4, true);
  };
  if (takeUint32() !== MAGIC) refuse("does not begin with RSDP");
  const version = takeUint32();
  if (version !== VERSION) refuse(`has version ${version}, not ${VERSION}`);
  const count = takeUint32();
  const fitted = new Map<ScorerName, Float64Array>();
  for (let i = 0; i < count; i++) {
    const id = takeUint32();
    const name = scorers.find((scorer) => scorer.id === id)?.name as ScorerName | undefined;
    if (name === undefined || fitted.has(name)) refuse(`has an unknown or repeated scorer ${id}`);
    const length = takeUint32();
    if (at + length * 8 > bytes.length) refuse(`ends after ${bytes.length} bytes, inside a scorer`);
    const parameters = new Float64Array(length);
    for (let j = 0; j < length; j++, at += 8) parameters[j] = view.getFloat64(at, true);
    if (!parameters.every(Number.isFinite)) refuse(`has a number of scorer ${name} that is not finite`);
    fitted.set(name, parameters);
  }
  if (at !== bytes.length) refuse(`has ${bytes.length - at} bytes too many`);
  return fitted;
}

function refuse(what: string): never {
  throw new InputError(`scorers.bin ${what}; publish the version again.`);
}
