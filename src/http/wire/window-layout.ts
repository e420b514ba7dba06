/** What an answer's windows are made of: the same for every answer of a model that holds the same things. */
import { decimalsOf } from "../../scoring/digits.js";
import type { ScoringModel } from "../../scoring/window-scoring.js";
import { FREE } from "./kernels.js";
import {
  align,
  DOUBLE,
  ERRORS,
  FLOATS,
  LITERAL,
  LITERAL_IF,
  PART_BYTES,
  ROWS,
  SCORE,
  VALUE_BYTES,
  VERDICT,
} from "./parts.js";
import type { WrittenWindows } from "./window-writer.js";

/** Room for the parts of the longest answer. */
const MAX_PARTS = 32;

type Values = Float64Array | Float32Array | Int8Array | Uint8Array;

/** An array of the windows', and the word of the block that its address goes to. */
interface Slot {
  readonly word: number;
  /** Bytes a window. */
  readonly bytes: number;
  values(windows: WrittenWindows): Values;
}

/** Everything about an answer that does not change from request to request. */
export interface WindowLayout {
  /** Parts, texts and constants, as they are to stand from FREE on. */
  readonly block: Uint8Array;
  readonly partCount: number;
  readonly slots: readonly Slot[];
  /** The most bytes a window takes, with the comma between two. */
  readonly windowBytes: number;
}

const OPTIONAL = ["timestepError", "featureError", "headError", "embedding"];

/** By model, and by which of OPTIONAL and of the heads are in the answer, as bits. */
const layouts = new WeakMap<ScoringModel, Map<number, WindowLayout>>();

export function layoutOf({ model, include, outputs, scores }: WrittenWindows): WindowLayout {
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

function createLayout(model: ScoringModel, include: ReadonlySet<string>, units: number): WindowLayout {
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

  build(): WindowLayout {
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
