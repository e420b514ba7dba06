/**
 * Writes the shortest decimal that reads back as the same number, in JavaScript's notation: a float32 as
 * `formatFloat32` of scoring/digits.ts, a double as JSON.stringify.
 *
 * The algorithm is Schubfach (Giulietti 2020, "The Schubfach way to render doubles"). It scales the interval of the
 * numbers that round to the float by a power of ten, of 64 or 128 bits, such that the interval contains a whole number
 * and at most one multiple of ten. The multiple of ten is the shorter decimal, where there is one.
 */
import { writeInteger, writeNine, writeNull } from "./decimal";
import { highProduct, POWERS_OF_FIVE, POWERS_OF_TEN_FLOAT } from "./tables";

/** JavaScript's JSON.stringify of a double, written at `at`; returns its length in bytes. */
@external("host", "writeDouble")
declare function writeDoubleByHost(value: f64, at: usize): i32;

const ZEROS: u64 = 0x3030303030303030;

/** floor(power * factor / 2^64), with the lowest bit set where the division left a remainder. */
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
  // The float below a power of two is only half as far away as the float above.
  const closer = fraction == 0 && biased > 1;
  let exponent = (binary * 1262611 - (closer ? 524031 : 0)) >> 22; // floor(log10(2^binary)), or of 3/4 of it
  const shift = binary + ((-exponent * 1741647) >> 19) + 1; // + floor(log2(10^-exponent))
  const power = load<u64>(POWERS_OF_TEN_FLOAT + (<usize>(32 - exponent) << 3));
  const lower = scale(power, ((mantissa << 2) - 2 + <u32>closer) << shift) + odd;
  const middle = scale(power, (mantissa << 2) << shift);
  const upper = scale(power, ((mantissa << 2) + 2) << shift) - odd;

  // Both candidates are computed, without a branch: the processor cannot predict whether a multiple of ten is inside.
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
  // Further trailing zeros move to the exponent.
  for (let fewer = digits / 10; fewer * 10 == digits; fewer = digits / 10) {
    digits = fewer;
    exponent++;
  }
  return layOut(at, writeNine(at, digits), exponent);
}

/** floor(power * factor / 2^128), with the lowest bit set where the division left a remainder. */
@inline
function scaleLong(high: u64, low: u64, factor: u64): u64 {
  const carry = highProduct(low, factor);
  const middle = high * factor + carry;
  return (highProduct(high, factor) + <u64>(middle < carry)) | <u64>(middle > 1);
}

/** Writes a double, null where it is not finite; returns where it ends. */
export function writeDouble(at: usize, value: f64): usize {
  const magnitude = abs(value);
  store<u8>(at, 0x2d);
  if (magnitude <= 9007199254740992 && trunc(magnitude) == magnitude) {
    return writeInteger(at + <usize>(value < 0), <u64>magnitude);
  }
  const bits = reinterpret<u64>(value);
  const biased = <i32>(bits >> 52) & 0x7ff;
  if (biased == 0x7ff) return writeNull(at);
  const fraction = bits & 0xfffffffffffff;
  const mantissa = biased == 0 ? fraction : fraction | 0x10000000000000;
  const binary = max(biased, 1) - 1075;
  const odd = mantissa & 1;
  const closer = fraction == 0 && biased > 1;
  let exponent = (binary * 1262611 - (closer ? 524031 : 0)) >> 22;
  // The table of powers ends there.
  if (exponent < -308) return at + <usize>writeDoubleByHost(value, at);
  const shift = binary + ((-exponent * 1741647) >> 19) + 1;
  const five = POWERS_OF_FIVE + (<usize>(342 - exponent) << 4);
  const high = load<u64>(five, 8);
  // The table truncates the powers that are not exact; Schubfach needs them rounded up.
  const low = load<u64>(five) + <u64>(exponent > 27 || exponent < -55);
  const lower = scaleLong(high, low, ((mantissa << 2) - 2 + <u64>closer) << shift) + odd;
  const middle = scaleLong(high, low, (mantissa << 2) << shift);
  const upper = scaleLong(high, low, ((mantissa << 2) + 2) << shift) - odd;
  const units = middle >> 2;
  const tens = units / 10;
  const tensInside = <u32>(lower <= 40 * tens);
  const nextTensInside = <u32>(upper >= 40 * tens + 40);
  let digits: u64;
  if (units >= 10 && tensInside != nextTensInside) {
    digits = tens + nextTensInside;
    exponent++;
    for (let fewer = digits / 10; fewer * 10 == digits; fewer = digits / 10) {
      digits = fewer;
      exponent++;
    }
  } else {
    const inside = <u32>(lower <= 4 * units);
    const nextInside = <u32>(upper >= 4 * units + 4);
    const half = 4 * units + 2;
    // Halfway between both, the even one.
    const nearer = <u32>(middle > half || (middle == half && (units & 1) != 0));
    digits = units + (inside != nextInside ? nextInside : nearer);
  }
  at += <usize>(bits >> 63);
  return layOut(at, writeInteger(at, digits), exponent);
}

/**
 * Gives a number the notation of Number.prototype.toString. Its digits, at most 17, are at [at, end), and it is those
 * times 10^exponent. Returns where it ends.
 */
@inline
function layOut(at: usize, end: usize, exponent: i32): usize {
  const count = <i32>(end - at);
  const point = count + exponent;
  if (exponent >= 0 && point <= 21) {
    for (let i = 0; i < exponent; i++) store<u8>(end + i, 0x30);
    return end + exponent;
  }
  if (point > 0 && point <= 21) {
    shiftDigits(at + point, 1);
    store<u8>(at + point, 0x2e);
    return end + 1;
  }
  if (point > -6 && point <= 0) {
    const zeros = 2 - point;
    shiftDigits(at, zeros);
    // The zeros go to the bytes before the shifted digits.
    for (let i = 0; i < zeros; i++) store<u8>(at + i, 0x30);
    store<u8>(at, 0x2e, 1);
    return end + zeros;
  }
  let to = end;
  if (count > 1) {
    shiftDigits(at + 1, 1);
    store<u8>(at, 0x2e, 1);
    to++;
  }
  store<u8>(to++, 0x65);
  const power = point - 1;
  store<u8>(to++, power < 0 ? 0x2d : 0x2b);
  return writeInteger(to, <u64>abs(power));
}

/** Moves the 24 bytes at `at` by `by` bytes. */
@inline
function shiftDigits(at: usize, by: usize): void {
  const first = load<u64>(at);
  const second = load<u64>(at, 8);
  const third = load<u64>(at, 16);
  store<u64>(at + by, first);
  store<u64>(at + by, second, 8);
  store<u64>(at + by, third, 16);
}

/** Writes `[a,b,...]` of `count` doubles rounded to float32; returns where it ends. */
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

/** As `writeFloats`, of float32. */
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
