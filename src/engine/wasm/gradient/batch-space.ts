/** The part of the memory that one batch takes: places are given out one after the other, and never taken back. */
import { paddedRow } from "./parameters.js";
import { recordWords, VALUE_FIELDS, type Value } from "./records.js";

export const LINE_BYTES = 64;

export class BatchSpace {
  /** Windows there is room for. */
  readonly windows: number;
  readonly #values: Value[] = [];
  readonly #tables: { readonly at: number; readonly records: readonly Int32Array[] }[] = [];
  #end: number;

  constructor(windows: number, start: number) {
    this.windows = windows;
    this.#end = start;
  }

  /** The first byte that is not given out. */
  get end(): number {
    return this.#end;
  }

  /** The address of `bytes` bytes, a line or a multiple of it. */
  take(bytes: number): number {
    const at = this.#end;
    this.#end += Math.ceil(bytes / LINE_BYTES) * LINE_BYTES;
    return at;
  }

  /** Room for a layer's output, and for its gradient where that is asked for. */
  takeValue(steps: number, width: number, asked: boolean): Value {
    const rowBytes = paddedRow(width) * 4;
    const stepBytes = this.windows * rowBytes;
    return this.addValue({
      steps,
      width,
      rowBytes,
      stepBytes,
      data: this.take(steps * stepBytes),
      gradient: asked ? this.take(steps * stepBytes) : 0,
    });
  }

  /** A value that stands where something else does. */
  addValue(value: Value): Value {
    this.#values.push(value);
    return value;
  }

  /** Puts the values into a table; returns the address of each one's record. No value is to be added after. */
  placeValues(): (value: Value) => number {
    const at = this.addTable(this.#values.map((value) => recordWords(VALUE_FIELDS, value)));
    return (value) => at + this.#values.indexOf(value) * VALUE_FIELDS.length * 4;
  }

  /** Room for records of one length, which `write` puts there. */
  addTable(records: readonly Int32Array[]): number {
    const at = this.take(records.reduce((bytes, record) => bytes + record.byteLength, 0));
    this.#tables.push({ at, records });
    return at;
  }

  /** Puts the tables into memory. */
  write(memory: SharedArrayBuffer): void {
    for (const { at, records } of this.#tables) {
      const words = new Int32Array(memory, at);
      records.forEach((record, n) => {
        words.set(record, n * record.length);
      });
    }
  }
}
