/**
 * Writes whole numbers as ASCII digits, and doubles with a fixed number of decimals, byte for byte as `formatUnits` of
 * scoring/digits.ts does.
 */
import { highProduct, POWERS_OF_TEN } from "./tables";

/** JavaScript's `formatUnits(value, decimals)`, written at `at`; returns its length in bytes. */
@external("host", "writeUnits")
declare function writeUnits(value: f64, decimals: i32, at: usize): i32;

/** Eight ASCII zeros. */
const ZEROS: u64 = 0x3030303030303030;
/** Numbers below it have at most 19 digits, and fit a u64. */
const TEN_TO_19: u64 = 10000000000000000000;

/**
 * A number below 10^8 as eight digits (0 to 9, not ASCII), the first in the lowest byte. It is split into two groups of
 * four digits, these into pairs, and these into digits; all groups of a step at once.
 */
@inline
export function splitDigits(number: u32): u64 {
  const thousands = number / 10000;
  const fours = <u64>thousands | (<u64>(number - thousands * 10000) << 32);
  const hundreds = ((fours * 10486) >> 20) & 0x0000007f0000007f;
  const twos = hundreds | ((fours - hundreds * 100) << 16);
  const tens = ((twos * 103) >> 10) & 0x000f000f000f000f;
  return tens | ((twos - tens * 10) << 8);
}

/** Writes a whole number; returns where it ends. */
@inline
export function writeInteger(at: usize, number: u64): usize {
  return number < 100 ? writeTwo(at, <u32>number) : writeMany(at, number);
}

/** Writes a number below 100 as one or two digits, without a branch; returns where it ends. */
@inline
function writeTwo(at: usize, number: u32): usize {
  const tens = (number * 205) >> 11;
  const short = <u32>(tens == 0);
  store<u16>(at, <u16>((0x3030 + tens + ((number - tens * 10) << 8)) >> (short << 3)));
  return at + 2 - short;
}

/** Writes a whole number of at least 10; returns where it ends. */
function writeMany(at: usize, number: u64): usize {
  if (number >= 100000000) {
    const first = number / 100000000;
    at = first < 100 ? writeTwo(at, <u32>first) : writeMany(at, first);
    store<u64>(at, splitDigits(<u32>(number - first * 100000000)) | ZEROS);
    return at + 8;
  }
  const digits = splitDigits(<u32>number);
  const zeros = ctz(digits) >> 3;
  store<u64>(at, (digits | ZEROS) >> (zeros << 3));
  return at + 8 - <usize>zeros;
}

/** Writes a number of 1 to 9 digits, without a branch on how many; returns where it ends. */
@inline
export function writeNine(at: usize, number: u32): usize {
  const first = number / 100000000;
  const digits = splitDigits(number - first * 100000000);
  const long = <u32>(first != 0);
  const zeros = select<u32>(0, <u32>(ctz(digits) >> 3), long != 0);
  store<u8>(at, <u8>(0x30 + first));
  store<u64>(at + long, (digits | ZEROS) >> (zeros << 3));
  return at + long + 8 - zeros;
}

/** Writes `null`; returns where it ends. */
@inline
export function writeNull(at: usize): usize {
  store<u32>(at, 0x6c6c756e);
  return at + 4;
}

/** Writes a value with at most `decimals` decimals, null where it is not finite; returns where it ends. */
@inline
export function writeFixed(at: usize, value: f64, decimals: i32): usize {
  const bits = reinterpret<u64>(value);
  const shift = 1075 - (<i32>(bits >> 52) & 0x7ff);
  // The fast way takes most values: at most 8 decimals, below 2^20 and above 2^-43.
  if (decimals > 8 || <u32>(shift - 33) >= 63) return writeExact(at, value, decimals);
  const mantissa = (bits & 0xfffffffffffff) | 0x10000000000000;
  const unit = load<u64>(POWERS_OF_TEN + (<usize>decimals << 3));
  // mantissa * 10^decimals / 2^shift, rounded half up. Half of 2^shift is a multiple of 2^32, so the low 32 bits of the
  // product do not change the result.
  const product = (mantissa >> 32) * unit + (((mantissa & 0xffffffff) * unit) >> 32);
  const number = (product + (<u64>1 << (shift - 33))) >> (shift - 32);
  let whole = select<u64>(mantissa >> shift, 0, shift < 64);
  let fraction = number - whole * unit;
  // Rounding may have carried the fraction up to one.
  if (fraction == unit) {
    fraction = 0;
    whole++;
  }
  store<u8>(at, 0x2d);
  at += <usize>(bits >> 63) & <usize>(number != 0);
  at = writeInteger(at, whole);
  if (fraction == 0) return at;
  const digits = splitDigits(<u32>(fraction * load<u64>(POWERS_OF_TEN + (<usize>(8 - decimals) << 3))));
  store<u8>(at, 0x2e);
  store<u64>(at, digits | ZEROS, 1);
  return at + 9 - <usize>(clz(digits) >> 3);
}

/** As `writeFixed` for any value: with products of 128 bits, or by JavaScript where those are too small. */
function writeExact(at: usize, value: f64, decimals: i32): usize {
  const bits = reinterpret<u64>(value);
  const biased = <i32>(bits >> 52) & 0x7ff;
  if (biased == 0x7ff) return writeNull(at);
  if (decimals > 19) return at + <usize>writeUnits(value, decimals, at);
  const fraction = bits & 0xfffffffffffff;
  const mantissa = biased == 0 ? fraction : fraction | 0x10000000000000;
  const unit = load<u64>(POWERS_OF_TEN + (<usize>decimals << 3));
  const shift = 1075 - max(biased, 1);
  const number = roundProduct(mantissa, unit, shift);
  if (number >= TEN_TO_19) return at + <usize>writeUnits(value, decimals, at);
  if (number == 0) {
    store<u8>(at, 0x30);
    return at + 1;
  }
  store<u8>(at, 0x2d);
  at += <usize>(bits >> 63);
  let whole: u64 = 0;
  if (shift < 64) whole = shift >= 0 ? mantissa >> shift : mantissa << -shift;
  let rest = number - whole * unit;
  if (rest == unit) {
    rest = 0;
    whole++;
  }
  at = writeInteger(at, whole);
  return rest == 0 ? at : writeFraction(at, rest, decimals);
}

/** Writes a point and 1 to 19 decimals without their trailing zeros; returns where they end. */
function writeFraction(at: usize, number: u64, decimals: i32): usize {
  store<u8>(at++, 0x2e);
  if (decimals <= 16) return writeSixteen(at, number * load<u64>(POWERS_OF_TEN + (<usize>(16 - decimals) << 3)));
  const scale = load<u64>(POWERS_OF_TEN + (<usize>(decimals - 16) << 3));
  const first = number / scale;
  const last = <u32>((number - first * scale) * load<u64>(POWERS_OF_TEN + (<usize>(24 - decimals) << 3)));
  const end = writeSixteen(at, first);
  if (last == 0) return end;
  const digits = splitDigits(last);
  store<u64>(at, digits | ZEROS, 16);
  return at + 24 - <usize>(clz(digits) >> 3);
}

/** Writes sixteen decimals, trailing zeros too, and returns where they end without them. */
@inline
function writeSixteen(at: usize, number: u64): usize {
  const high = number / 100000000;
  const first = splitDigits(<u32>high);
  const last = splitDigits(<u32>(number - high * 100000000));
  store<u64>(at, first | ZEROS);
  store<u64>(at, last | ZEROS, 8);
  return last == 0 ? at + 8 - <usize>(clz(first) >> 3) : at + 16 - <usize>(clz(last) >> 3);
}

/** mantissa * unit / 2^shift, rounded half up; TEN_TO_19 where the result is that or more. */
@inline
function roundProduct(mantissa: u64, unit: u64, shift: i32): u64 {
  let high = highProduct(mantissa, unit);
  let low = mantissa * unit;
  if (shift > 0 && shift < 64) {
    const half = <u64>1 << (shift - 1);
    low += half;
    if (low < half) high++;
    if (high >> shift != 0) return TEN_TO_19;
    return min((high << (64 - shift)) | (low >> shift), TEN_TO_19);
  }
  if (shift <= 0) {
    const left = <u64>-shift;
    return high != 0 || clz(low) < left ? TEN_TO_19 : min(low << left, TEN_TO_19);
  }
  if (shift == 64) return high + (low >> 63);
  // The product has fewer than 117 bits.
  return shift > 117 ? 0 : (high + (<u64>1 << (shift - 65))) >> (shift - 64);
}
