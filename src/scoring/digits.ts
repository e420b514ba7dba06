/**
 * Numbers as an answer writes them: with as many digits as they are exact to, where a double printed whole would have 17;
 * and as people read them. What is written is valid JSON.
 */

/** The most decimals that a value is written with. A feature whose scale asks for more is written as the double it is. */
export const MAX_DECIMALS = 100;

/** How many decimals a value in the caller's units needs for an error of at most 1e-7 of the scale of its feature. */
export function decimalsOf(scale: number): number {
  // Compared one by one: a logarithm is not exact at powers of ten.
  let decimals = 0;
  while (decimals <= MAX_DECIMALS && Number(`1e${7 - decimals}`) > scale) decimals++;
  return decimals;
}

/**
 * A value in the caller's units, correctly rounded to `decimals` decimals (halves away from zero), without zeros at the end
 * of the fraction. For values of at least 1e21, and for more than MAX_DECIMALS, the shortest decimal that reads back as the
 * same double. `null` for a number that is not finite.
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
 * The number rounded to float32, as the shortest decimal that reads back as the same float32; of several, the one closest
 * to it. Written as JavaScript writes a number (1e-7, not 0.0000001). `null` where the float32 is not finite.
 */
export function formatFloat32(value: number): string {
  const single = Math.fround(value);
  if (!Number.isFinite(single)) return "null";
  if (single === 0) return "0";
  // Any decimal of 6 digits survives a normal float32 (FLT_DIG), so rounding to 6 digits finds the shorter ones too. That
  // does not hold for subnormal numbers.
  for (let digits = Math.abs(single) < 1.1754943508222875e-38 ? 1 : 6; digits < 9; digits++) {
    const decimal = nearestDecimal(single, digits);
    if (decimal !== undefined) return decimal;
  }
  return String(Number(single.toPrecision(9)));
}

/** A number for a person: with so many significant digits, without zeros at the end. */
export function significantDigits(value: number, count = 4): string {
  return String(Number(value.toPrecision(count)));
}

/** The decimal of `digits` digits that reads back as `single`, if there is one. */
function nearestDecimal(single: number, digits: number): string | undefined {
  const nearest = Number(single.toPrecision(digits));
  if (Math.fround(nearest) === single) return String(nearest);
  // Below a power of two floats are half as far apart as above it. The nearest decimal may lie below and be read as the
  // next float down, where the next decimal up is read as this one.
  const magnitude = Math.abs(nearest);
  if (magnitude >= Math.abs(single)) return undefined;
  const [mantissa = "", exponent = ""] = magnitude.toExponential(digits - 1).split("e");
  const next = Number(`${BigInt(mantissa.replace(".", "")) + 1n}e${Number(exponent) - digits + 1}`);
  return Math.fround(next) === Math.abs(single) ? String(single < 0 ? -next : next) : undefined;
}
