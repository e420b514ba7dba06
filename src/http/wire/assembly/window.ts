/** Writes the windows of an answer. A list of parts, the same for every window, says what is written of each. */
import { writeFixed, writeNull } from "./decimal";
import { writeDouble, writeFloat, writeFloats, writeSingles } from "./shortest";

/** The length of an instruction in 32-bit words; ../program.ts explains them. */
const PART_WORDS: usize = 8;

const LITERAL = 0;
const LITERAL_IF = 1;
const SCORE = 2;
const DOUBLE = 3;
const VERDICT = 4;
const ERRORS = 5;
const FLOATS = 6;
const ROWS = 7;
const ROW = 8;

@inline
function word(part: usize, index: usize): i32 {
  return load<i32>(part + (index << 2));
}

/**
 * Writes `windows` windows with commas between them; returns where they end, or 0 where a window is longer
 * than its `windowBytes`, and the next one would not fit in front of `limit`.
 */
export function writeWindows(
  at: usize,
  limit: usize,
  windowBytes: usize,
  parts: usize,
  partCount: i32,
  windows: i32,
): usize {
  const end = parts + ((<usize>partCount * PART_WORDS) << 2);
  for (let window = 0; window < windows; window++) {
    if (at + windowBytes > limit + 1) return 0;
    if (window > 0) store<u8>(at++, 0x2c);
    for (let part = parts; part < end; part += PART_WORDS << 2) at = writePart(at, part, window);
  }
  return at;
}

/** Writes one part of one window; returns where it ends. */
function writePart(at: usize, part: usize, window: i32): usize {
  const base = <usize>word(part, 1);
  const count = word(part, 2);
  switch (word(part, 0)) {
    case LITERAL:
      return writeText(at, base, count);
    case LITERAL_IF:
      return load<u8>(<usize>word(part, 3) + window) == 1 ? writeText(at, base, count) : at;
    case SCORE:
      return writeFloat(at, <f32>load<f64>(base + (window << 3)));
    case DOUBLE:
      return writeDouble(at, load<f64>(base + (window << 3)));
    case VERDICT:
      return writeVerdict(at, load<u8>(base + window));
    case ERRORS:
      return writeFloats(at, base + ((window * count) << 3), count);
    case FLOATS:
      return writeSingles(at, base + ((window * count) << 2), count);
    case ROWS:
      return writeRows(at, part, window);
    case ROW:
      return writeRow(at, base + <usize>(window * word(part, 3) * 4), part);
    default:
      return unreachable();
  }
}

@inline
function writeText(at: usize, from: usize, length: i32): usize {
  memory.copy(at, from, length);
  return at + length;
}

/** Writes false for 0, true for 1, and null for anything else (no verdict). */
function writeVerdict(at: usize, verdict: u8): usize {
  if (verdict > 1) return writeNull(at);
  if (verdict == 1) {
    store<u32>(at, 0x65757274);
    return at + 4;
  }
  store<u32>(at, 0x736c6166);
  store<u8>(at, 0x65, 4);
  return at + 5;
}

/** Writes the output of a head [steps][F] in the caller's units (scaled * scale + offset) and in order of time. */
function writeRows(at: usize, part: usize, window: i32): usize {
  const steps = word(part, 2);
  const features = word(part, 3);
  const reversed = word(part, 4) != 0;
  const rowBytes = <usize>features << 2;
  let row = <usize>word(part, 1) + <usize>(window * steps) * rowBytes;
  if (reversed) row += <usize>(steps - 1) * rowBytes;
  store<u8>(at, 0x5b);
  for (let step = 0; step < steps; step++) {
    at = writeRow(at + 1, row, part);
    store<u8>(at, 0x2c);
    if (reversed) row -= rowBytes;
    else row += rowBytes;
  }
  store<u8>(at, 0x5d);
  return at + 1;
}

/** Writes a row [F] in the caller's units: scaled * scale + offset. */
@inline
function writeRow(at: usize, row: usize, part: usize): usize {
  const features = <usize>word(part, 3);
  const scales = <usize>word(part, 5);
  const offsets = <usize>word(part, 6);
  const decimals = <usize>word(part, 7);
  store<u8>(at, 0x5b);
  for (let feature: usize = 0; feature < features; feature++) {
    const scaled = <f64>load<f32>(row + (feature << 2));
    let value = scaled * load<f64>(scales + (feature << 3)) + load<f64>(offsets + (feature << 3));
    // A finite output stays finite, even where the product with the scale exceeds a double.
    if (abs(value) == Infinity && abs(scaled) < Infinity) value = copysign(f64.MAX_VALUE, value);
    at = writeFixed(at + 1, value, load<i32>(decimals + (feature << 2)));
    store<u8>(at, 0x2c);
  }
  store<u8>(at, 0x5d);
  return at + 1;
}
