/** Numbers as they leave: with the digits they carry, not as 17-digit doubles. All of it is valid JSON. */

/**
 * The most decimals a value is written with; a feature of a smaller scale yet gets its doubles' own digits.
 */
export const MAX_DECIMALS = 100;

/** How many decimals a value in the caller's units needs to be right to 1e-7 of its feature's scale. */
export function decimalsOf(scale: number): number {
  // Found by trying, not by a logarithm, which need not be exact at powers of ten.
  let decimals = 0;
  while (decimals <= MAX_DECIMALS && Number(`1e${7 - decimals}`) > scale) decimals++;
  return decimals;
}

/**
 * A value in the caller's units, correctly rounded to so many decimals (halves away from zero), without the
 * zeros a decimal fraction may end in. From 1e21 on, and above MAX_DECIMALS, it is the shortest decimal that
 * reads back as the same double. `null` for a number that is not finite.
 */
export function formatUnits(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return "null";
  if (value === 0) return "0";
  if (decimals > MAX_DECIMALS || Math.abs(value) >= 1e21) return String(value);
  const text = value.toFixed(decimals);
  let end = text.length;
  if (decimals > 0) {
    while (text.charCodeAt(end - 1) === 0x30) end--;
    if (text.charCodeAt(end - 1) === 0x2e) end--;
  }
  const trimmed = text.slice(0, end);
  return trimmed === "-0" ? "0" : trimmed;
}

/**
 * The shortest decimal that reads back as the same float32, closest to it among those; laid out as JavaScript
 * lays out a number (1e-7, not 0.0000001). The number is rounded to float32 first. `null` where that is not
 * finite.
 */
export function formatFloat32(value: number): string {
  const single = Math.fround(value);
  if (!Number.isFinite(single)) return "null";
  if (single === 0) return "0";
  // A normal float32 gives back any 6 digits (FLT_DIG), so fewer need not be tried; a subnormal does not.
  for (let digits = Math.abs(single) < 1.1754943508222875e-38 ? 1 : 6; digits < 9; digits++) {
    const decimal = nearestDecimal(single, digits);
    if (decimal !== undefined) return decimal;
  }
  return String(Number(single.toPrecision(9)));
}

/** The decimal of so many digits that reads back as `single`, if there is one. */
function nearestDecimal(single: number, digits: number): string | undefined {
  const nearest = Number(single.toPrecision(digits));
  if (Math.fround(nearest) === single) return String(nearest);
  // Floats below a power of two stand half as far apart as those above it: the nearest decimal can miss on
  // the near side where the next one up would have hit.
  const magnitude = Math.abs(nearest);
  if (magnitude >= Math.abs(single)) return undefined;
  const [mantissa = "", exponent = ""] = magnitude.toExponential(digits - 1).split("e");
  const next = Number(`${BigInt(mantissa.replace(".", "")) + 1n}e${Number(exponent) - digits + 1}`);
  return Math.fround(next) === Math.abs(single) ? String(single < 0 ? -next : next) : undefined;
}
