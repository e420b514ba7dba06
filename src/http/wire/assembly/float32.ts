/**
 * The shortest decimal that reads back as a float32, laid out as JavaScript does: `formatFloat32` of scoring/digits.ts.
 *
 * Schubfach (Giulietti 2020, "The Schubfach way to render doubles"), for float32: the interval of numbers that round
 * to the float is scaled by a 64-bit power of ten so that it holds a whole number, and, if there is one, a multiple
 * of ten.
 */
import { writeInteger, writeNine, writeNull } from "./decimal";
import { POWERS_OF_TEN_FLOAT } from "./tables";

const ZEROS: u64 = 0x3030303030303030;

/** floor(power * factor / 2^64), the lowest bit set where anything was cut off. */
// @ts-ignore: decorator
@inline
function scale(power: u64, factor: u32): u32 {
  const product = (power >> 32) * <u64>factor + (((power & 0xffffffff) * <u64>factor) >> 32);
  return <u32>(product >> 32) | <u32>(<u32>product > 1);
}

/** Writes a float32, null where it is not finite; returns where it ends. */
export function writeFloat(at: usize, single: f32): usize {
  const bits = reinterpret<u32>(single);
  const biased = (bits >> 23) & 0xff;
  if (biased == 0xff) return writeNull(at);
  const fraction = bits & 0x7fffff;
  if ((bits << 1) == 0) {
    store<u8>(at, 0x30);
    return at + 1;
  }
  store<u8>(at, 0x2d);
  at += <usize>(bits >> 31);

  const mantissa = biased == 0 ? fraction : fraction | 0x800000;
  const binary = biased == 0 ? -149 : <i32>biased - 150;
  const odd = mantissa & 1;
  // Below a power of two the floats stand closer.
  const closer = fraction == 0 && biased > 1;
  let exponent = (binary * 1262611 - (closer ? 524031 : 0)) >> 22; // floor(log10(2^binary)), or of 3/4 of it
  const shift = binary + ((-exponent * 1741647) >> 19) + 1; // + floor(log2(10^-exponent))
  const power = load<u64>(POWERS_OF_TEN_FLOAT + (<usize>(32 - exponent) << 3));
  const lower = scale(power, ((mantissa << 2) - 2 + <u32>closer) << shift) + odd;
  const middle = scale(power, (mantissa << 2) << shift);
  const upper = scale(power, ((mantissa << 2) + 2) << shift) - odd;

  // Both candidates, without a branch: whether a multiple of ten lies inside is a toss-up.
  const units = middle >> 2;
  const tens = units / 10;
  const tensInside = <u32>(lower <= 40 * tens);
  const nextTensInside = <u32>(upper >= 40 * tens + 40);
  const inside = <u32>(lower <= 4 * units);
  const nextInside = <u32>(upper >= 4 * units + 4);
  const nearer = select<u32>(nextInside, <u32>(middle >= 4 * units + 2), inside != nextInside);
  const useTens = <u32>(units >= 10) & (tensInside ^ nextTensInside);
  let digits = select<u32>(tens + nextTensInside, units + nearer, useTens != 0);
  exponent += <i32>useTens;
  // More zeros at the end, if any.
  for (let fewer = digits / 10; fewer * 10 == digits; fewer = digits / 10) {
    digits = fewer;
    exponent++;
  }
  return layOut(at, digits, exponent);
}

/** Writes digits * 10^exponent the way Number.prototype.toString does. */
// @ts-ignore: decorator
@inline
function layOut(at: usize, digits: u32, exponent: i32): usize {
  const end = writeNine(at, digits);
  const count = <i32>(end - at);
  const point = count + exponent;
  if (exponent >= 0 && point <= 21) {
    for (let i = 0; i < exponent; i++) store<u8>(end + i, 0x30);
    return end + exponent;
  }
  if (point > 0 && point <= 21) {
    // At most eight digits stand behind the point: shifted by one byte together.
    const behind = at + point;
    const bytes = load<u64>(behind);
    store<u8>(behind, 0x2e);
    store<u64>(behind, bytes, 1);
    return end + 1;
  }
  if (point > -6 && point <= 0) {
    const zeros = 2 - point;
    const first = load<u64>(at);
    const last = load<u8>(at, 8);
    store<u64>(at, ZEROS);
    store<u8>(at, 0x2e, 1);
    store<u64>(at + zeros, first);
    store<u8>(at + zeros, last, 8);
    return end + zeros;
  }
  let to = end;
  if (count > 1) {
    const bytes = load<u64>(at, 1);
    store<u8>(at, 0x2e, 1);
    store<u64>(at, bytes, 2);
    to++;
  }
  store<u8>(to++, 0x65);
  const power = point - 1;
  store<u8>(to++, power < 0 ? 0x2d : 0x2b);
  return writeInteger(to, <u64>abs(power));
}

/** `[a,b,...]`: doubles rounded to float32; returns where it ends. */
export function writeFloats(at: usize, values: usize, count: i32): usize {
  store<u8>(at, 0x5b);
  if (count == 0) at++;
  for (const end = values + (<usize>count << 3); values < end; values += 8) {
    at = writeFloat(at + 1, <f32>load<f64>(values));
    store<u8>(at, 0x2c);
  }
  store<u8>(at, 0x5d);
  return at + 1;
}

/** As `writeFloats`, from float32. */
export function writeSingles(at: usize, values: usize, count: i32): usize {
  store<u8>(at, 0x5b);
  if (count == 0) at++;
  for (const end = values + (<usize>count << 2); values < end; values += 4) {
    at = writeFloat(at + 1, load<f32>(values));
    store<u8>(at, 0x2c);
  }
  store<u8>(at, 0x5d);
  return at + 1;
}
