/** The kernels of assembly/ and their memory, one instance for each thread. */
import { readFileSync } from "node:fs";
import { formatUnits } from "../../scoring/digits.js";
import { fillTables, TABLES_END } from "./tables.js";

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  findMatrix(at: number, end: number, out: number): number;
  readonly valueStart: { readonly value: number };
  readonly valueEnd: { readonly value: number };
  readonly windows: { readonly value: number };
  readonly rows: { readonly value: number };
  readonly features: { readonly value: number };
  readonly others: { readonly value: number };
  writeWindows(
    at: number,
    limit: number,
    windowBytes: number,
    parts: number,
    partCount: number,
    windows: number,
  ): number;
}

/** What the kernels call JavaScript for: numbers that are too rare to be worth code of their own. */
const host = {
  readDouble: (start: number, end: number): number =>
    Number(Buffer.from(memory.buffer, start, end - start).toString("latin1")),
  writeDouble: (value: number, at: number): number => writeAscii(String(value), at),
  writeUnits: (value: number, decimals: number, at: number): number =>
    writeAscii(formatUnits(value, decimals), at),
};

const module = new WebAssembly.Module(readFileSync(new URL("wire.wasm", import.meta.url)));
export const kernels = new WebAssembly.Instance(module, { host }).exports as unknown as Exports;
const { memory } = kernels;
fillTables(memory.buffer);

/** The first address after the tables. Every call uses the memory from here on as it needs. */
export const FREE = TABLES_END;

let views = viewsOf(memory.buffer);

function viewsOf(buffer: ArrayBuffer) {
  return {
    bytes: new Uint8Array(buffer),
    words: new Int32Array(buffer),
    doubles: new Float64Array(buffer),
    singles: new Float32Array(buffer),
  };
}

/** Views of the memory, which is grown to at least `bytes`. They are valid until the next call. */
export function memoryOf(bytes: number): ReturnType<typeof viewsOf> {
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 65536));
  if (views.bytes.buffer !== memory.buffer) views = viewsOf(memory.buffer);
  return views;
}

function writeAscii(text: string, at: number): number {
  for (let i = 0; i < text.length; i++) views.bytes[at + i] = text.charCodeAt(i);
  return text.length;
}
