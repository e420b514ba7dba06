/**
 * Digits to bytes, and doubles with a fixed number of decimals, as `formatUnits` of scoring/digits.ts writes
 * them.
 */
import { highProduct, POWERS_OF_TEN } from "./tables";

/** Writes `formatUnits(value, decimals)` at `at`; returns its length. */
@external("host", "writeUnits")
declare function writeUnits(value: f64, decimals: i32, at: usize): i32;

const ZEROS: u64 = 0x3030303030303030;
/** From here on a number has more digits than a word takes. */
const TEN_TO_19: u64 = 10000000000000000000;

/** A number below 10^8 as eight digits, the first in the lowest byte: halved three times, all halves at once. */
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

/** One digit or two, without a branch between them. */
@inline
function writeTwo(at: usize, number: u32): usize {
  const tens = (number * 205) >> 11;
  const short = <u32>(tens == 0);
  store<u16>(at, <u16>((0x3030 + tens + ((number - tens * 10) << 8)) >> (short << 3)));
  return at + 2 - short;
}

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

/** Writes a number of 1 to 9 digits, without a branch between their counts. */
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

@inline
export function writeNull(at: usize): usize {
  store<u32>(at, 0x6c6c756e);
  return at + 4;
}

/** Writes a value in the caller's units, null where it is not finite; returns where it ends. */
@inline
export function writeFixed(at: usize, value: f64, decimals: i32): usize {
  const bits = reinterpret<u64>(value);
  const shift = 1075 - (<i32>(bits >> 52) & 0x7ff);
  // Most values: at most 8 decimals, below 2^20 and above 2^-43.
  if (decimals > 8 || <u32>(shift - 33) >= 63) return writeExact(at, value, decimals);
  const mantissa = (bits & 0xfffffffffffff) | 0x10000000000000;
  const unit = load<u64>(POWERS_OF_TEN + (<usize>decimals << 3));
  // mantissa * 10^decimals / 2^shift, rounded half up. Half a unit is a multiple of 2^32: what stands below
  // in the product does not count.
  const product = (mantissa >> 32) * unit + (((mantissa & 0xffffffff) * unit) >> 32);
  const number = (product + (<u64>1 << (shift - 33))) >> (shift - 32);
  let whole = select<u64>(mantissa >> shift, 0, shift < 64);
  let fraction = number - whole * unit;
  // The fraction may have been rounded up to one.
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

/** The same for any value, in 128 bits or, at the far ends, by the host. */
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

/** Writes a point and 1 to 19 decimals, without the zeros at their end. */
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

/** Sixteen decimals without the zeros at their end; all of them stand behind `at`. */
@inline
function writeSixteen(at: usize, number: u64): usize {
  const high = number / 100000000;
  const first = splitDigits(<u32>high);
  const last = splitDigits(<u32>(number - high * 100000000));
  store<u64>(at, first | ZEROS);
  store<u64>(at, last | ZEROS, 8);
  return last == 0 ? at + 8 - <usize>(clz(first) >> 3) : at + 16 - <usize>(clz(last) >> 3);
}

/** mantissa * unit / 2^shift, halves rounded up; TEN_TO_19 where it is that or more. */
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
