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
const LITERAL = 0;
const LITERAL_IF = 1;
const SCORE = 2;
const DOUBLE = 3;
const VERDICT = 4;
const ERRORS = 5;
const FLOATS = 6;
const ROWS = 7;
const PART_BYTES = 32;
const MAX_PARTS = 64;

/** The most bytes a number takes, with the comma behind it. */
const FLOAT_BYTES = 16;
const DOUBLE_BYTES = 26;

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
  const { model, include, outputs, scores } = windows;
  const layout = new Layout(from, to);
  layout.text('{"score":');
  layout.values(SCORE, scores.score, 1, FLOAT_BYTES);
  layout.text(',"pValue":');
  layout.values(DOUBLE, windows.pValue, 1, DOUBLE_BYTES);
  layout.text(',"anomalous":');
  layout.values(VERDICT, windows.anomalous, 1, 5);
  layout.text(',"coverage":');
  layout.values(DOUBLE, scores.coverage, 1, DOUBLE_BYTES);
  layout.textIf(',"saturated":true', scores.saturated);
  if (include.has("timestepError")) {
    layout.text(',"timestepError":');
    layout.values(ERRORS, scores.timestepError, model.timesteps, FLOAT_BYTES);
  }
  if (include.has("featureError")) {
    layout.text(',"featureError":');
    layout.values(ERRORS, scores.featureError, model.features, FLOAT_BYTES);
  }
  if (include.has("headError")) {
    model.heads.forEach(({ name, steps }, head) => {
      layout.text(`${head === 0 ? ',"headError":{' : ","}"${name}":`);
      layout.values(ERRORS, scores.headErrors[head]!, steps, FLOAT_BYTES);
    });
    layout.text("}");
  }
  model.heads.forEach(({ name }, head) => {
    if (!include.has(name)) return;
    layout.text(`,"${name}":`);
    layout.rows(model, head, outputs.heads[head]!);
  });
  if (include.has("embedding")) {
    layout.text(',"embedding":');
    layout.values(FLOATS, outputs.embedding, outputs.embedding.length / scores.count, FLOAT_BYTES);
  }
  layout.text("}");
  return layout.write(before, after);
}

type Values = Float64Array | Float32Array | Int32Array | Int8Array | Uint8Array;

/** Collects parts and what they point to, then lays all of it out in the kernels' memory. */
class Layout {
  readonly #from: number;
  readonly #to: number;
  readonly #parts: number[] = [];
  readonly #values: Values[] = [];
  readonly #addresses: number[] = [];
  #end = FREE + MAX_PARTS * PART_BYTES;
  #pending = "";
  /** The most bytes a window takes, with the comma between two. */
  #windowBytes = 1;

  constructor(from: number, to: number) {
    this.#from = from;
    this.#to = to;
  }

  text(text: string): void {
    this.#pending += text;
  }

  textIf(text: string, flags: Uint8Array): void {
    this.#flush();
    this.#literal(LITERAL_IF, text, this.#placeWindows(flags, 1));
  }

  /** `count` values of each window, none longer than `bytes`. */
  values(kind: number, values: Values, count: number, bytes: number): void {
    this.#flush();
    this.#part(kind, this.#placeWindows(values, count), count);
    this.#windowBytes += count * bytes + 2;
  }

  /** A head's answer. */
  rows(model: ScoringModel, head: number, output: Float32Array): void {
    this.#flush();
    const { features, heads } = model;
    const { steps, reversed } = heads[head]!;
    const { scale, offset, decimals, rowBytes } = featuresOf(model);
    const address = this.#placeWindows(output, steps * features);
    this.#part(
      ROWS,
      address,
      steps,
      features,
      reversed ? 1 : 0,
      this.#place(scale),
      this.#place(offset),
      this.#place(decimals),
    );
    this.#windowBytes += steps * rowBytes + 2;
  }

  /** Lays out, has the kernel write, and copies what it wrote. */
  write(before: string, after: string): Uint8Array {
    this.#flush();
    const start = this.#end;
    // A character of a text takes up to three bytes. The kernel stores eight bytes at a time, also at the end.
    const text = (before.length + after.length) * 3 + 64;
    const { bytes, words, doubles, singles } = memoryOf(
      start + text + (this.#to - this.#from) * this.#windowBytes,
    );
    words.set(this.#parts, FREE / 4);
    for (let i = 0; i < this.#values.length; i++) {
      const values = this.#values[i]!;
      const address = this.#addresses[i]!;
      if (values instanceof Float64Array) doubles.set(values, address / 8);
      else if (values instanceof Float32Array) singles.set(values, address / 4);
      else if (values instanceof Int32Array) words.set(values, address / 4);
      else bytes.set(values, address);
    }
    const parts = this.#parts.length / (PART_BYTES / 4);
    const first = start + encoder.encodeInto(before, bytes.subarray(start)).written;
    const last = kernels.writeWindows(first, FREE, parts, this.#to - this.#from);
    const end = last + encoder.encodeInto(after, bytes.subarray(last)).written;
    return bytes.slice(start, end);
  }

  #flush(): void {
    if (this.#pending !== "") this.#literal(LITERAL, this.#pending, 0);
    this.#pending = "";
  }

  #literal(kind: number, text: string, flags: number): void {
    const bytes = literalOf(text);
    this.#part(kind, this.#place(bytes), bytes.length, flags);
    this.#windowBytes += bytes.length;
  }

  #part(...words: number[]): void {
    for (let i = 0; i < PART_BYTES / 4; i++) this.#parts.push(words[i] ?? 0);
  }

  #placeWindows(values: Values, count: number): number {
    return this.#place(values.subarray(this.#from * count, this.#to * count));
  }

  #place(values: Values): number {
    const address = (this.#end + 7) & ~7;
    this.#values.push(values);
    this.#addresses.push(address);
    this.#end = address + values.byteLength;
    return address;
  }
}

const encoder = new TextEncoder();

const literals = new Map<string, Uint8Array>();

/** Few different texts are written: the member names, with the heads' names between them. */
function literalOf(text: string): Uint8Array {
  let bytes = literals.get(text);
  if (bytes === undefined) {
    bytes = Buffer.from(text);
    literals.set(text, bytes);
  }
  return bytes;
}

interface Features {
  readonly scale: Float64Array;
  readonly offset: Float64Array;
  readonly decimals: Int32Array;
  /** The most bytes a row takes, brackets and commas included. */
  readonly rowBytes: number;
}

const features = new WeakMap<ScoringModel, Features>();

function featuresOf(model: ScoringModel): Features {
  let found = features.get(model);
  if (found === undefined) {
    const decimals = Int32Array.from(model.scaler.scale, decimalsOf);
    found = {
      scale: Float64Array.from(model.scaler.scale),
      offset: Float64Array.from(model.scaler.offset),
      decimals,
      // Up to 21 digits in front of the point, sign, point and comma; or an exponent.
      rowBytes: decimals.reduce((sum, count) => sum + count + 26, 3),
    };
    features.set(model, found);
  }
  return found;
}
