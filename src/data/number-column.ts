/** A column of numbers that grows as rows come, so that a million rows take no more than twice their size. */
export class NumberColumn {
  values = new Float64Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) {
      const larger = new Float64Array(this.values.length * 2);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.length++] = value;
  }

  /** The values so far, on a buffer of their own size. */
  take(): Float64Array {
    return this.values.slice(0, this.length);
  }
}
