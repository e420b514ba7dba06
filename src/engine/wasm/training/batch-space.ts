/**
 * The part of the memory that a group of windows takes. Addresses are given out one after the other, and never taken
 * back.
 *
 * It may be laid out for fewer windows than it has room for. Whatever their number, values begin at the same addresses
 * and have rows of the same length, so that their padding stays where it is, and stays zero.
 */
import { PLACE_MEMORY } from "../plan/layout.js";
import type { ValueRecord } from "../plan/records.js";
import { paddedRow } from "./parameters.js";

export const LINE_BYTES = 64;

export class BatchSpace {
  readonly windows: number;
  readonly #room: number;
  readonly #tables: { readonly at: number; readonly records: readonly Int32Array[] }[] = [];
  #end: number;

  /** @param room the most windows. */
  constructor(windows: number, room: number, start: number) {
    this.windows = windows;
    this.#room = room;
    this.#end = start;
  }

  /** The first byte that is not given out yet. */
  get end(): number {
    return this.#end;
  }

  /** Gives out from `address` on, which is not before the end. */
  skipTo(address: number): void {
    this.#end = address;
  }

  /** The address of `steps` times `rowBytes` bytes for every window there is room for. */
  takeRows(steps: number, rowBytes: number): number {
    return this.take(steps * this.#room * rowBytes);
  }

  /**
   * Bytes of a tile of `steps` times one line for every window: an odd multiple of eight lines, so that eight rows of
   * neighbouring tiles fall on different sets of the cache.
   */
  tileBytes(steps: number): number {
    return (Math.ceil((steps * this.#room) / 8) | 1) * 8 * LINE_BYTES;
  }

  /** The address of `bytes` bytes, rounded up to whole lines. */
  take(bytes: number): number {
    const at = this.#end;
    this.#end += Math.ceil(bytes / LINE_BYTES) * LINE_BYTES;
    return at;
  }

  /** Room for a layer's output, and for its gradient where the layers before need it. */
  takeValue(steps: number, width: number, needsGradient: boolean): ValueRecord {
    const rowBytes = paddedRow(width) * 4;
    return {
      place: PLACE_MEMORY,
      steps,
      width,
      rowBytes,
      stepBytes: this.windows * rowBytes,
      data: this.takeRows(steps, rowBytes),
      gradient: needsGradient ? this.takeRows(steps, rowBytes) : 0,
    };
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
