/** A growing column of numbers. Its memory doubles when it is full, so it takes at most twice the size of the numbers. */
export class NumberColumn {
  values = new Float64Array(1024);
  length = 0;

  /** Adds a number at the end. */
  push(value: number): void {
    if (this.length === this.values.length) {
      const larger = new Float64Array(this.values.length * 2);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.length++] = value;
  }

  /** A copy of the numbers so far, without the spare memory. */
  take(): Float64Array {
    return this.values.slice(0, this.length);
  }
}
