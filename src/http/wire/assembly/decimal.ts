/** Digits to bytes, and doubles with a fixed number of decimals, as `formatUnits` of scoring/digits.ts writes them. */
import { multiply, POWERS_OF_TEN, productLow } from "./tables";

/** Writes `formatUnits(value, decimals)` at `at`; returns its length. */
// @ts-ignore: decorator
@external("host", "writeUnits")
declare function writeUnits(value: f64, decimals: i32, at: usize): i32;

const ZEROS: u64 = 0x3030303030303030;
/** From here on a number has more digits than a word takes. */
const TEN_TO_19: u64 = 10000000000000000000;

/** A number below 10^8 as eight digits, the first in the lowest byte: split in halves three times, all at once. */
// @ts-ignore: decorator
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
export function writeInteger(at: usize, number: u64): usize {
  if (number < 10) {
    store<u8>(at, <u8>(0x30 + number));
    return at + 1;
  }
  if (number >= 100000000) {
    at = writeInteger(at, number / 100000000);
    store<u64>(at, splitDigits(<u32>(number % 100000000)) | ZEROS);
    return at + 8;
  }
  const digits = splitDigits(<u32>number);
  const zeros = ctz(digits) >> 3;
  store<u64>(at, (digits | ZEROS) >> (zeros << 3));
  return at + 8 - <usize>zeros;
}

// @ts-ignore: decorator
@inline
export function writeNull(at: usize): usize {
  store<u32>(at, 0x6c6c756e);
  return at + 4;
}

/** Writes a value in the caller's units, null where it is not finite; returns where it ends. */
export function writeFixed(at: usize, value: f64, decimals: i32): usize {
  const bits = reinterpret<u64>(value);
  const biased = <i32>(bits >> 52) & 0x7ff;
  if (biased == 0x7ff) return writeNull(at);
  if (decimals > 19) return at + <usize>writeUnits(value, decimals, at);
  const fraction = bits & 0xfffffffffffff;
  const mantissa = biased == 0 ? fraction : fraction | 0x10000000000000;
  const shift = 1075 - (biased == 0 ? 1 : biased);
  const unit = load<u64>(POWERS_OF_TEN + (<usize>decimals << 3));
  // The value in units of its last decimal, mantissa * 10^decimals / 2^shift, rounded half up: exact in 128 bits.
  let number = roundProduct(mantissa, unit, shift);
  if (number >= TEN_TO_19) return at + <usize>writeUnits(value, decimals, at);
  if (number == 0) {
    store<u8>(at, 0x30);
    return at + 1;
  }
  store<u8>(at, 0x2d);
  at += <usize>(bits >> 63);
  if (decimals == 0) return writeInteger(at, number);
  const whole = number / unit;
  number -= whole * unit;
  at = writeInteger(at, whole);
  if (number == 0) return at;
  store<u8>(at++, 0x2e);
  if (decimals <= 8) {
    const digits = splitDigits(<u32>(number * load<u64>(POWERS_OF_TEN + (<usize>(8 - decimals) << 3))));
    store<u64>(at, digits | ZEROS);
    return at + 8 - <usize>(clz(digits) >> 3);
  }
  return writeFraction(at, number, decimals);
}

/** Writes 9 to 19 decimals without the zeros at their end. */
function writeFraction(at: usize, number: u64, decimals: i32): usize {
  if (decimals > 16) {
    const scale = load<u64>(POWERS_OF_TEN + (<usize>(decimals - 16) << 3));
    const first = number / scale;
    const last = <u32>((number - first * scale) * load<u64>(POWERS_OF_TEN + (<usize>(24 - decimals) << 3)));
    at = writeSixteen(at, first);
    store<u64>(at, splitDigits(last) | ZEROS);
    at += 8;
  } else {
    at = writeSixteen(at, number * load<u64>(POWERS_OF_TEN + (<usize>(16 - decimals) << 3)));
  }
  while (load<u8>(at - 1) == 0x30) at--;
  return at;
}

function writeSixteen(at: usize, number: u64): usize {
  const first = number / 100000000;
  store<u64>(at, splitDigits(<u32>first) | ZEROS);
  store<u64>(at, splitDigits(<u32>(number - first * 100000000)) | ZEROS, 8);
  return at + 16;
}

/** mantissa * unit / 2^shift, halves rounded up; TEN_TO_19 where it is that or more. */
// @ts-ignore: decorator
@inline
function roundProduct(mantissa: u64, unit: u64, shift: i32): u64 {
  let high = multiply(mantissa, unit);
  let low = productLow;
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
