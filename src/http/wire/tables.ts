/**
 * The tables of powers of five and ten that the kernels use, at the addresses that assembly/tables.ts has
 * too.
 */
const POWERS_OF_FIVE = 0;
const POWERS_OF_TEN_FLOAT = 10432;
const POWERS_OF_TEN = 11072;
const EXACT_POWERS_OF_TEN = 11232;
/** The first address after the tables. */
export const TABLES_END = 11520;

const bits = (number: bigint): number => number.toString(2).length;

/** The `width` highest bits of `number`; a shorter number is shifted left to that width. */
function normalise(number: bigint, width: number): bigint {
  const excess = bits(number) - width;
  return excess < 0 ? number << BigInt(-excess) : number >> BigInt(excess);
}

/**
 * The 128 highest bits of 5^exponent. They are truncated, except for 5^-1 to 5^-27, which are rounded up:
 * with these exponents a decimal can lie exactly halfway between two doubles, and the proof needs an upper
 * bound for them (Lemire, Number Parsing at a Gigabyte per Second, 2021).
 */
function powerOfFive(exponent: number): bigint {
  if (exponent >= 0) return normalise(5n ** BigInt(exponent), 128);
  const power = 5n ** BigInt(-exponent);
  // `power` is no power of two, so the quotient lies between 2^127 and 2^128 and is never exact.
  const quotient = (1n << BigInt(bits(power) + 127)) / power;
  return exponent >= -27 ? quotient + 1n : quotient;
}

/** The 64 highest bits of 10^exponent, rounded up. */
function powerOfTen(exponent: number): bigint {
  if (exponent >= 0) {
    const power = 10n ** BigInt(exponent);
    const cut = normalise(power, 64);
    return bits(power) > 64 && normalise(cut, bits(power)) !== power ? cut + 1n : cut;
  }
  const power = 10n ** BigInt(-exponent);
  // The quotient 2^(bits + 63) / power is between 2^63 and 2^64.
  return (1n << BigInt(bits(power) + 63)) / power + 1n;
}

/** Writes the tables to the memory of the kernels. */
export function fillTables(buffer: ArrayBuffer): void {
  const view = new DataView(buffer);
  for (let exponent = -342; exponent <= 308; exponent++) {
    const power = powerOfFive(exponent);
    const at = POWERS_OF_FIVE + (exponent + 342) * 16;
    view.setBigUint64(at, BigInt.asUintN(64, power), true);
    view.setBigUint64(at + 8, power >> 64n, true);
  }
  for (let exponent = -32; exponent <= 45; exponent++) {
    view.setBigUint64(POWERS_OF_TEN_FLOAT + (exponent + 32) * 8, powerOfTen(exponent), true);
  }
  for (let exponent = 0; exponent < 20; exponent++) {
    view.setBigUint64(POWERS_OF_TEN + exponent * 8, 10n ** BigInt(exponent), true);
  }
  for (let exponent = 0; exponent <= 22; exponent++) {
    view.setFloat64(EXACT_POWERS_OF_TEN + exponent * 8, 10 ** exponent, true);
  }
}
