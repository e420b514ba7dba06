/** Seeded random numbers: the same seed gives the same numbers on every machine. */

/**
 * The generator xoshiro128** 1.1 (Blackman & Vigna 2021, "Scrambled Linear Pseudorandom Number Generators", ACM
 * TOMS 47). splitmix32 fills its 128 bits of state from a 32-bit seed.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  #spare: number | undefined;

  /** @param seed any whole number, of which the lowest 32 bits are used. */
  constructor(seed: number) {
    let state = seed >>> 0;
    const splitmix = (): number => {
      state = (state + 0x9e3779b9) >>> 0;
      let mixed = state ^ (state >>> 16);
      mixed = Math.imul(mixed, 0x21f0aaad);
      mixed ^= mixed >>> 15;
      mixed = Math.imul(mixed, 0x735a2d97);
      return (mixed ^ (mixed >>> 15)) >>> 0;
    };
    this.#a = splitmix();
    this.#b = splitmix();
    this.#c = splitmix();
    this.#d = splitmix();
  }

  /** A whole number from 0 to 2^32 - 1. */
  uint32(): number {
    const scaled = Math.imul(this.#b, 5);
    const result = Math.imul((scaled << 7) | (scaled >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** A uniform number in [0, 1), a multiple of 2^-32. */
  uniform(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** A uniform whole number from 0 to `below` - 1; `below` is at most 2^32. */
  below(below: number): number {
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % below);
    for (;;) {
      const bits = this.uint32();
      if (bits < limit) return bits % below;
    }
  }

  /** A number from the standard normal distribution, by Marsaglia's polar method. */
  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const square = u * u + v * v;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spare = v * factor;
      return u * factor;
    }
  }
}
