/** Scored windows straight to the bytes of their JSON. */
import { decimalsOf } from "../../scoring/digits.js";
import type { NetworkOutputs, ScoringModel, WindowScores } from "../../scoring/window-scoring.js";
import { FREE, kernels, memoryOf } from "./kernels.js";

/** What is written of each window. */
export interface WrittenWindows {
  readonly model: ScoringModel;
  /** Of timestepError, featureError, headError, embedding and the heads' names. */
  readonly include: ReadonlySet<string>;
  readonly outputs: NetworkOutputs;
  readonly scores: WindowScores;
  /** [n]; NaN is written as null. */
  readonly pValue: Float64Array;
  /** [n]: 1, 0, or anything else for no verdict. */
  readonly anomalous: Int8Array;
}

/**
 * A window is written part by part; a part is eight words, the first its kind:
 *   LITERAL      address, length
 *   LITERAL_IF   address, length, [n] of uint8: written where that is 1
 *   SCORE        [n] of float64, as the shortest float32
 *   DOUBLE       [n] of float64
 *   VERDICT      [n] of int8
 *   ERRORS       [n, count] of float64, count
 *   FLOATS       [n, count] of float32, count
 *   ROWS         [n, steps, F] of float32, steps, F, reversed, scale [F], offset [F], decimals [F]
 */
export const LITERAL = 0;
const LITERAL_IF = 1;
export const SCORE = 2;
export const DOUBLE = 3;
export const VERDICT = 4;
const ERRORS = 5;
const FLOATS = 6;
const ROWS = 7;
export const PART_BYTES = 32;
const MAX_PARTS = 32;

/** By kind of part, the bytes a value takes in memory, and at most in the text, with the comma behind it. */
export const VALUE_BYTES = {
  [SCORE]: { bytes: 8, text: 16 },
  [DOUBLE]: { bytes: 8, text: 26 },
  [VERDICT]: { bytes: 1, text: 5 },
  [ERRORS]: { bytes: 8, text: 16 },
  [FLOATS]: { bytes: 4, text: 16 },
} as const;

/**
 * `{"score":...,...},{...}`: the windows from `from` up to `to` as JSON, without brackets around them, between two texts.
 * Errors and scores are the shortest decimals of their float32, the heads' answers have the caller's units and the
 * decimals of `formatUnits`, what is not a number is null.
 */
export function writeWindows(
  windows: WrittenWindows,
  from: number,
  to: number,
  before = "",
  after = "",
): Uint8Array {
  const { block, partCount, slots, windowBytes } = layoutOf(windows);
  const blockEnd = FREE + block.length;
  let start = blockEnd;
  for (const { bytes } of slots) start += align(bytes * (to - from));
  // A character of a text takes up to three bytes. The kernel stores eight bytes at a time, also at the end.
  const most = (before.length + after.length) * 3 + 64 + (to - from) * windowBytes;
  const memory = memoryOf(start + most);
  memory.bytes.set(block, FREE);
  let address = blockEnd;
  for (const { word, bytes, values: valuesOf } of slots) {
    const values = valuesOf(windows);
    const count = values.length / windows.scores.count;
    const some = to - from < windows.scores.count ? values.subarray(from * count, to * count) : values;
    memory.words[FREE / 4 + word] = address;
    if (some instanceof Float64Array) memory.doubles.set(some, address / 8);
    else if (some instanceof Float32Array) memory.singles.set(some, address / 4);
    else memory.bytes.set(some, address);
    address += align(bytes * (to - from));
  }
  const first = start + putText(memory.bytes, start, before);
  const last = kernels.writeWindows(first, FREE, partCount, to - from);
  return memory.bytes.slice(start, last + putText(memory.bytes, last, after));
}

type Values = Float64Array | Float32Array | Int8Array | Uint8Array;

/** An array of the windows', and the word of the block that its address goes to. */
interface Slot {
  readonly word: number;
  /** Bytes a window. */
  readonly bytes: number;
  values(windows: WrittenWindows): Values;
}

/** Everything about an answer that does not change from request to request. */
interface Layout {
  /** Parts, texts and constants, as they are to stand from FREE on. */
  readonly block: Uint8Array;
  readonly partCount: number;
  readonly slots: readonly Slot[];
  /** The most bytes a window takes, with the comma between two. */
  readonly windowBytes: number;
}

const OPTIONAL = ["timestepError", "featureError", "headError", "embedding"];

/** By model, and by which of OPTIONAL and of the heads are in the answer, as bits. */
const layouts = new WeakMap<ScoringModel, Map<number, Layout>>();

function layoutOf({ model, include, outputs, scores }: WrittenWindows): Layout {
  let ofModel = layouts.get(model);
  if (ofModel === undefined) {
    ofModel = new Map();
    layouts.set(model, ofModel);
  }
  let key = 0;
  for (const name of OPTIONAL) key = key * 2 + (include.has(name) ? 1 : 0);
  for (const { name } of model.heads) key = key * 2 + (include.has(name) ? 1 : 0);
  let layout = ofModel.get(key);
  if (layout === undefined) {
    layout = createLayout(model, include, outputs.embedding.length / scores.count);
    ofModel.set(key, layout);
  }
  return layout;
}

function createLayout(model: ScoringModel, include: ReadonlySet<string>, units: number): Layout {
  const layout = new LayoutBuilder();
  layout.text('{"score":');
  layout.values(SCORE, 1, ({ scores }) => scores.score);
  layout.text(',"pValue":');
  layout.values(DOUBLE, 1, ({ pValue }) => pValue);
  layout.text(',"anomalous":');
  layout.values(VERDICT, 1, ({ anomalous }) => anomalous);
  layout.text(',"coverage":');
  layout.values(DOUBLE, 1, ({ scores }) => scores.coverage);
  layout.textIf(',"saturated":true', ({ scores }) => scores.saturated);
  if (include.has("timestepError")) {
    layout.text(',"timestepError":');
    layout.values(ERRORS, model.timesteps, ({ scores }) => scores.timestepError);
  }
  if (include.has("featureError")) {
    layout.text(',"featureError":');
    layout.values(ERRORS, model.features, ({ scores }) => scores.featureError);
  }
  if (include.has("headError")) {
    model.heads.forEach(({ name, steps }, head) => {
      layout.text(`${head === 0 ? ',"headError":{' : ","}"${name}":`);
      layout.values(ERRORS, steps, ({ scores }) => scores.headErrors[head]!);
    });
    layout.text("}");
  }
  model.heads.forEach(({ name }, head) => {
    if (!include.has(name)) return;
    layout.text(`,"${name}":`);
    layout.rows(model, head);
  });
  if (include.has("embedding")) {
    layout.text(',"embedding":');
    layout.values(FLOATS, units, ({ outputs }) => outputs.embedding);
  }
  layout.text("}");
  return layout.build();
}

/** Collects parts and what they point to. */
class LayoutBuilder {
  readonly #words: number[] = [];
  readonly #constants: Uint8Array[] = [];
  readonly #slots: Slot[] = [];
  /** Where the next constant goes; parts have room for MAX_PARTS. */
  #end = FREE + MAX_PARTS * PART_BYTES;
  #pending = "";
  #windowBytes = 1;

  text(text: string): void {
    this.#pending += text;
  }

  textIf(text: string, flags: Slot["values"]): void {
    this.#flush();
    this.#slots.push({ word: this.#words.length + 3, bytes: 1, values: flags });
    this.#literal(LITERAL_IF, text);
  }

  values(kind: keyof typeof VALUE_BYTES, count: number, values: Slot["values"]): void {
    this.#flush();
    const { bytes, text } = VALUE_BYTES[kind];
    this.#slots.push({ word: this.#words.length + 1, bytes: bytes * count, values });
    this.#part(kind, 0, count);
    this.#windowBytes += count * text + 2;
  }

  /** A head's answer. */
  rows(model: ScoringModel, head: number): void {
    this.#flush();
    const { features, heads, scaler } = model;
    const { steps, reversed } = heads[head]!;
    const bytes = steps * features * 4;
    this.#slots.push({ word: this.#words.length + 1, bytes, values: ({ outputs }) => outputs.heads[head]! });
    const decimals = Int32Array.from(scaler.scale, decimalsOf);
    const scale = this.#place(Float64Array.from(scaler.scale));
    const offset = this.#place(Float64Array.from(scaler.offset));
    this.#part(ROWS, 0, steps, features, reversed ? 1 : 0, scale, offset, this.#place(decimals));
    // Up to 21 digits in front of the point, sign, point and comma; or an exponent.
    this.#windowBytes += steps * decimals.reduce((sum, count) => sum + count + 26, 3) + 2;
  }

  build(): Layout {
    this.#flush();
    const block = new Uint8Array(this.#end - FREE);
    block.set(new Uint8Array(Int32Array.from(this.#words).buffer));
    let at = MAX_PARTS * PART_BYTES;
    for (const constant of this.#constants) {
      block.set(constant, at);
      at += align(constant.length);
    }
    return {
      block,
      partCount: this.#words.length / (PART_BYTES / 4),
      slots: this.#slots,
      windowBytes: this.#windowBytes,
    };
  }

  #flush(): void {
    if (this.#pending !== "") this.#literal(LITERAL, this.#pending);
    this.#pending = "";
  }

  #literal(kind: number, text: string): void {
    const bytes = Buffer.from(text);
    this.#part(kind, this.#place(bytes), bytes.length);
    this.#windowBytes += bytes.length;
  }

  #part(...words: number[]): void {
    for (let i = 0; i < PART_BYTES / 4; i++) this.#words.push(words[i] ?? 0);
  }

  #place(constant: Uint8Array | Int32Array | Float64Array): number {
    const address = this.#end;
    this.#constants.push(new Uint8Array(constant.buffer, constant.byteOffset, constant.byteLength));
    this.#end += align(constant.byteLength);
    return address;
  }
}

function align(bytes: number): number {
  return (bytes + 7) & ~7;
}

const encoder = new TextEncoder();

function putText(bytes: Uint8Array, at: number, text: string): number {
  return text === "" ? 0 : encoder.encodeInto(text, bytes.subarray(at)).written;
}
