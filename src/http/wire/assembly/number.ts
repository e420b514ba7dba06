/**
 * Reads JSON's numbers to the nearest double, as JSON.parse does.
 *
 * Digits are converted eight at a time in a 64-bit word. For digits up to 2^53 and powers of ten up to 10^22, one
 * division or product of doubles is correctly rounded (Clinger 1990, "How to read floating point numbers accurately").
 * For others, the product with a 128-bit power of five decides (Lemire 2021, "Number parsing at a gigabyte per
 * second"). JavaScript reads numbers of more than 19 digits, subnormal numbers and those that overflow.
 */
import { EXACT_POWERS_OF_TEN, highProduct, POWERS_OF_FIVE, POWERS_OF_TEN } from "./tables";

/** JavaScript's reading of the number in [start, end). */
@external("host", "readDouble")
declare function readDouble(start: usize, end: usize): f64;

/** Eight ASCII zeros. */
const ZEROS: u64 = 0x3030303030303030;

/** The number of eight digits, the first in the lowest byte. Digits become pairs, groups of four, then one number. */
@inline
function joinDigits(digits: u64): u64 {
  const pairs = digits * 10 + (digits >> 8);
  const first = (pairs & 0x000000ff000000ff) * 0x000f424000000064;
  const second = ((pairs >> 16) & 0x000000ff000000ff) * 0x0000271000000001;
  return (first + second) >> 32;
}

/** A bit for each of sixteen bytes, set where the byte is not a digit. */
@inline
function breaksIn(bytes: v128): u32 {
  return <u32>i8x16.bitmask(i8x16.gt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(9)));
}

/** The number of the first `count` digits at `at`; 1 to 8 digits. */
@inline
function digitsAt(at: usize, count: u32): u64 {
  return joinDigits((load<u64>(at) ^ ZEROS) << (64 - (count << 3)));
}

@inline
function powerOfTen(exponent: u32): u64 {
  return load<u64>(POWERS_OF_TEN + (<usize>exponent << 3));
}

/**
 * Reads a number. Most have at most 8 digits before the point and 19 in all. For these, one comparison of 32 bytes
 * finds the end, so that the processor can begin with the next number while it converts the digits of this one.
 *
 * @param at where the number, or its minus sign, begins. 40 bytes after the end of the text can be read.
 * @param out receives the number.
 * @returns where the number ends, or 0 where the text is not a number of JSON.
 */
@inline
export function readNumber(at: usize, out: usize): usize {
  const negative = <u32>(load<u8>(at) == 0x2d);
  const first = at + negative;
  const breaks = (breaksIn(v128.load(at)) | (breaksIn(v128.load(at, 16)) << 16)) >> negative;
  const whole = ctz(breaks);
  let fraction: u32 = 0;
  let end = first + whole;
  if (load<u8>(end) == 0x2e) {
    fraction = ctz((breaks >> whole) >> 1);
    end += fraction + 1;
  }
  const short = whole - 1 < 8 && whole + fraction <= 19 && end < at + 31;
  if (!short || end == first + whole + 1 || (load<u8>(end) | 0x20) == 0x65) return readLong(at, out);
  if (whole > 1 && load<u8>(first) == 0x30) return 0;
  let digits = digitsAt(first, whole);
  if (fraction > 0) {
    let from = first + whole + 1;
    let left = fraction;
    while (left > 8) {
      digits = digits * 100000000 + digitsAt(from, 8);
      from += 8;
      left -= 8;
    }
    digits = digits * powerOfTen(left) + digitsAt(from, left);
  }
  const value = nearest(digits, -<i32>fraction);
  store<f64>(out, negative ? -value : value);
  return end;
}

/** As `readNumber`, for a number of any length and with an exponent. */
function readLong(at: usize, out: usize): usize {
  const start = at;
  const negative = load<u8>(at) == 0x2d;
  if (negative) at++;
  const integer = at;
  let digits: u64 = 0;
  while (true) {
    const digit = <u32>load<u8>(at) - 0x30;
    if (digit > 9) break;
    digits = digits * 10 + digit;
    at++;
  }
  let count = <i32>(at - integer);
  if (count == 0 || (count > 1 && load<u8>(integer) == 0x30)) return 0;
  let exponent: i32 = 0;
  if (load<u8>(at) == 0x2e) {
    const fraction = ++at;
    while (true) {
      const digit = <u32>load<u8>(at) - 0x30;
      if (digit > 9) break;
      digits = digits * 10 + digit;
      at++;
    }
    exponent = -(<i32>(at - fraction));
    if (exponent == 0) return 0;
    count -= exponent;
  }
  let exact = count <= 19 || (exponent != 0 && significantDigits(integer, at) <= 19);
  if ((load<u8>(at) | 0x20) == 0x65) {
    at++;
    const sign = load<u8>(at);
    if (sign == 0x2d || sign == 0x2b) at++;
    const first = at;
    let power: i32 = 0;
    while (<u32>load<u8>(at) - 0x30 <= 9) {
      if (at - first < 8) power = power * 10 + <i32>load<u8>(at) - 0x30;
      at++;
    }
    if (at == first) return 0;
    if (at - first > 8) exact = false;
    exponent += sign == 0x2d ? -power : power;
  }
  let value = exact ? nearest(digits, exponent) : NaN;
  if (value == value) {
    if (negative) value = -value;
  } else {
    value = readDouble(start, at);
    if (abs(value) == Infinity) return 0;
  }
  store<f64>(out, value);
  return at;
}

/** How many digits `0.00ddd` or `d.ddd` in [at, end) has from the first that is not 0. */
function significantDigits(at: usize, end: usize): i32 {
  while (at < end && load<u8>(at) <= 0x30) at++;
  let count = <i32>(end - at);
  for (; at < end; at++) if (load<u8>(at) == 0x2e) return count - 1;
  return count;
}

/** The double nearest to digits * 10^exponent, or NaN where JavaScript has to read it. */
@inline
function nearest(digits: u64, exponent: i32): f64 {
  if (digits <= 0x20000000000000 && <u32>(exponent + 22) <= 44) {
    const integer = <f64><i64>digits;
    return exponent < 0
      ? integer / load<f64>(EXACT_POWERS_OF_TEN + (<usize>-exponent << 3))
      : integer * load<f64>(EXACT_POWERS_OF_TEN + (<usize>exponent << 3));
  }
  return nearestByProduct(digits, exponent);
}

/** As `nearest`, by Lemire's product with a power of five. */
function nearestByProduct(digits: u64, exponent: i32): f64 {
  if (digits == 0) return 0;
  if (exponent < -342 || exponent > 308) return NaN;
  const shift = clz(digits);
  const normal = digits << shift;
  const five = POWERS_OF_FIVE + (<usize>(exponent + 342) << 4);
  let high = highProduct(normal, load<u64>(five, 8));
  let low = normal * load<u64>(five, 8);
  // 55 bits of the product count. The low half of the power of five changes them only where all bits below are set.
  if ((high & 0x1ff) == 0x1ff) {
    const carry = highProduct(normal, load<u64>(five));
    low += carry;
    if (low < carry) high++;
  }
  const top = high >> 63;
  let mantissa = high >> (top + 9);
  // floor(exponent * log2(10)) + 63, the scale of the product, then the bias.
  let power = ((exponent * 217706) >> 16) + 63 + <i32>top - <i32>shift + 1023;
  if (power <= 0) return NaN;
  // A number exactly halfway between two doubles is rounded to even. That can be exact only where 5^exponent fits 64
  // bits.
  if (low <= 1 && exponent >= -4 && exponent <= 23 && (mantissa & 3) == 1 && mantissa << (top + 9) == high) {
    mantissa &= ~1;
  }
  mantissa = (mantissa + (mantissa & 1)) >> 1;
  if (mantissa >= 0x20000000000000) {
    mantissa = 0x10000000000000;
    power++;
  }
  if (power >= 0x7ff) return NaN;
  return reinterpret<f64>((<u64>power << 52) | (mantissa & 0xfffffffffffff));
}
