/** Shapes of values and weights. */

/** Of one window's value: [N] for a vector, [T, N] for a sequence. */
export type Shape = readonly number[];

/** How many numbers a shape holds. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}
