/**
 * JSON's numbers to the nearest double.
 *
 * Digits are taken eight at a time in a 64-bit word. Up to 2^53 and 10^22 one division or product of doubles
 * is exact (Clinger 1990, "How to read floating point numbers accurately"); beyond, the product with a
 * 128-bit power of five decides (Lemire 2021, "Number parsing at a gigabyte per second"); more than 19
 * digits, subnormals and overflow are left to the host.
 */
import { EXACT_POWERS_OF_TEN, highProduct, POWERS_OF_FIVE, POWERS_OF_TEN } from "./tables";

/** Reads the number in [start, end) as JavaScript does. */
@external("host", "readDouble")
declare function readDouble(start: usize, end: usize): f64;

const ZEROS: u64 = 0x3030303030303030;

/** Eight digits, the first in the lowest byte, to a number: pairs, fours, eight. */
@inline
function joinDigits(digits: u64): u64 {
  const pairs = digits * 10 + (digits >> 8);
  const first = (pairs & 0x000000ff000000ff) * 0x000f424000000064;
  const second = ((pairs >> 16) & 0x000000ff000000ff) * 0x0000271000000001;
  return (first + second) >> 32;
}

/** Which of the sixteen bytes are no digits. */
@inline
function breaksIn(bytes: v128): u32 {
  return <u32>i8x16.bitmask(i8x16.gt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(9)));
}

/** The first `count` digits at `at`, 1 to 8. */
@inline
function digitsAt(at: usize, count: u32): u64 {
  return joinDigits((load<u64>(at) ^ ZEROS) << (64 - (count << 3)));
}

@inline
function powerOfTen(exponent: u32): u64 {
  return load<u64>(POWERS_OF_TEN + (<usize>exponent << 3));
}

/**
 * Most numbers: at most 8 digits, a point, 19 digits together. One look at 32 bytes tells where it ends, so that
 * the next number need not wait for the digits of this one.
 *
 * @param at where the number, or its minus, begins; 40 bytes behind the text's end can be read.
 * @param out receives the number.
 * @returns where it ends, or 0 where it is no number of JSON.
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

/** The same for a number of any length and with an exponent. */
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

/** Digits of `0.00ddd` or `d.ddd`, those in front of the first that is not 0 left out. */
function significantDigits(at: usize, end: usize): i32 {
  while (at < end && load<u8>(at) <= 0x30) at++;
  let count = <i32>(end - at);
  for (; at < end; at++) if (load<u8>(at) == 0x2e) return count - 1;
  return count;
}

/** The double nearest to digits * 10^exponent, or NaN where that is for the host to say. */
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

function nearestByProduct(digits: u64, exponent: i32): f64 {
  if (digits == 0) return 0;
  if (exponent < -342 || exponent > 308) return NaN;
  const shift = clz(digits);
  const normal = digits << shift;
  const five = POWERS_OF_FIVE + (<usize>(exponent + 342) << 4);
  let high = highProduct(normal, load<u64>(five, 8));
  let low = normal * load<u64>(five, 8);
  // Only where all bits under the 55 that count are set can the second half of the power change them.
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
  // Halfway between two doubles: only where 5^exponent fits the word can that be exact. Then to even.
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
