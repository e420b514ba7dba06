/**
 * The part of the memory that a group of windows takes: places are given out one after the other, and never taken back.
 *
 * It may be laid out for fewer windows than it has room for. Whatever their number, values begin at the same addresses
 * and have rows of the same length, so that their padding stays where it is, and zero.
 */
import { paddedRow } from "./parameters.js";
import { recordWords, VALUE_FIELDS, type Value } from "./records.js";

export const LINE_BYTES = 64;

export class BatchSpace {
  readonly windows: number;
  readonly #room: number;
  readonly #values: Value[] = [];
  readonly #tables: { readonly at: number; readonly records: readonly Int32Array[] }[] = [];
  #end: number;

  /** @param room the most windows. */
  constructor(windows: number, room: number, start: number) {
    this.windows = windows;
    this.#room = room;
    this.#end = start;
  }

  /** The first byte that is not given out. */
  get end(): number {
    return this.#end;
  }

  /** Goes on at an address that is not before the end. */
  skipTo(address: number): void {
    this.#end = address;
  }

  /** The address of `steps` times `rowBytes` bytes for every window there is room for. */
  takeRows(steps: number, rowBytes: number): number {
    return this.take(steps * this.#room * rowBytes);
  }

  /** Bytes of a tile of `steps` times one line for every window: an odd multiple of eight lines, so that eight rows of neighbouring tiles fall on different sets of the cache. */
  tileBytes(steps: number): number {
    return (Math.ceil((steps * this.#room) / 8) | 1) * 8 * LINE_BYTES;
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
    return this.addValue({
      steps,
      width,
      rowBytes,
      stepBytes: this.windows * rowBytes,
      data: this.takeRows(steps, rowBytes),
      gradient: asked ? this.takeRows(steps, rowBytes) : 0,
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
