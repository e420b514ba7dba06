/** The powers of five and ten the kernels look up, at the addresses of assembly/tables.ts. */
const POWERS_OF_FIVE = 0;
const POWERS_OF_TEN_FLOAT = 10432;
const POWERS_OF_TEN = 11072;
const EXACT_POWERS_OF_TEN = 11232;
/** Behind the tables memory is free. */
export const TABLES_END = 11520;

const bits = (number: bigint): number => number.toString(2).length;

/** `number` cut to its `width` highest bits, or filled up with zeros to as many. */
function normalise(number: bigint, width: number): bigint {
  const excess = bits(number) - width;
  return excess < 0 ? number << BigInt(-excess) : number >> BigInt(excess);
}

/**
 * 128 bits of 5^exponent, the highest set: truncated, but rounded up for the reciprocals that a double can
 * still be halfway with, which is what the proof in Lemire's paper asks for.
 */
function powerOfFive(exponent: number): bigint {
  if (exponent >= 0) return normalise(5n ** BigInt(exponent), 128);
  const power = 5n ** BigInt(-exponent);
  // Not a power of two, so the quotient lies between 2^127 and 2^128 and is never exact.
  const quotient = (1n << BigInt(bits(power) + 127)) / power;
  return exponent >= -27 ? quotient + 1n : quotient;
}

/** 64 bits of 10^exponent, the highest set, rounded up. */
function powerOfTen(exponent: number): bigint {
  if (exponent >= 0) {
    const power = 10n ** BigInt(exponent);
    const cut = normalise(power, 64);
    return bits(power) > 64 && normalise(cut, bits(power)) !== power ? cut + 1n : cut;
  }
  const power = 10n ** BigInt(-exponent);
  // 2^(bits + 63) / power lies between 2^63 and 2^64.
  return (1n << BigInt(bits(power) + 63)) / power + 1n;
}

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
