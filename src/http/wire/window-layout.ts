/**
 * The JSON of a scored window as programs for the writing kernel. A layout is made once for a model, from all
 * members that its windows can have; a program is the selection of them that one request asked for.
 */
import { decimalsOf } from "../../scoring/digits.js";
import type { ScoredHead } from "../../scoring/residuals.js";
import type { Scaler } from "../../scoring/scaler.js";
import type { ScoredWindows } from "../../serving/score-result.js";
import { FREE } from "./kernels.js";
import {
  align,
  INSTRUCTION_WORDS,
  LITERAL,
  LITERAL_IF,
  ROWS,
  UNITS_TEXT,
  VALUE_BYTES,
  type ValueKind,
} from "./program.js";

type Values = Float64Array | Float32Array | Int8Array | Uint8Array;
type ValuesOf = (windows: ScoredWindows) => Values;

/** How the value of a member is written. `n` is the number of windows. */
export type Writing =
  /**
   * One value a window for the kinds SCORE, DOUBLE and VERDICT; an array of `count` values for ERRORS and
   * FLOATS.
   */
  | { readonly kind: ValueKind; readonly count: number; readonly values: ValuesOf }
  /** `[[F] x steps]`: what the head of this index gave, in the caller's units and in time order. */
  | { readonly kind: "rows"; readonly head: number }
  /** `true`; the member is left out of windows whose value is not 1. `values` gives [n] uint8. */
  | { readonly kind: "flag"; readonly values: ValuesOf }
  /** An object with members of its own. */
  | { readonly kind: "object"; readonly members: readonly { name: string; writing: Writing }[] };

/** A member of a window's JSON object. */
export interface WindowMember {
  readonly name: string;
  /** Whether it is in every answer, or only in those to requests that ask for it. */
  readonly isAlways: boolean;
  readonly writing: Writing;
}

/** What `rows` are unscaled with. */
export interface RowsModel {
  readonly features: number;
  readonly heads: readonly Pick<ScoredHead, "steps" | "reversed">[];
  readonly scaler: Scaler;
}

/** An array of the scored windows, and the word of the program that receives its address. */
interface Slot {
  readonly word: number;
  /** Bytes a window. */
  readonly bytes: number;
  readonly values: ValuesOf;
}

/** What the writer needs to write the members that a request asked for. */
export interface WindowProgram {
  /** Texts, scales and offsets, which stand from FREE on; the instructions hold their addresses. */
  readonly constants: Uint8Array;
  readonly instructions: Int32Array;
  readonly slots: readonly Slot[];
  /** The most bytes that a window's text takes, with the comma behind it. */
  readonly windowBytes: number;
  /** How many numbers a window has. */
  readonly windowNumbers: number;
}

/** A member's share of a program. */
interface LaidMember {
  readonly name: string;
  readonly isAlways: boolean;
  readonly words: Int32Array;
  readonly slots: readonly Slot[];
  readonly textBytes: number;
  readonly numbers: number;
}

/** The same while it is built. */
interface MemberDraft {
  readonly name: string;
  readonly isAlways: boolean;
  readonly words: number[];
  readonly slots: Slot[];
  textBytes: number;
  numbers: number;
}

export class WindowLayout {
  readonly #constants: Uint8Array;
  readonly #members: readonly LaidMember[];

  /** @param members in the order of the answer; the first of them is always in it. */
  constructor(members: readonly WindowMember[], model: RowsModel) {
    if (members[0]?.isAlways !== true)
      throw new Error("The first member of a window must be in every answer.");
    const builder = new LayoutBuilder(model);
    const laid = members.map(({ name, isAlways, writing }, i) =>
      builder.member(name, isAlways, writing, i === 0 ? "{" : ","),
    );
    this.#members = [...laid, builder.text("}")].map((member) => ({
      ...member,
      words: Int32Array.from(member.words),
    }));
    this.#constants = builder.constants();
  }

  /** @param asked the names of the members to write beside those that are in every answer. */
  select(asked: ReadonlySet<string>): WindowProgram {
    let length = 0;
    for (const member of this.#members) if (isIn(member, asked)) length += member.words.length;
    const instructions = new Int32Array(length);
    const slots: Slot[] = [];
    let at = 0;
    let windowBytes = 1;
    let windowNumbers = 0;
    for (const member of this.#members) {
      if (!isIn(member, asked)) continue;
      instructions.set(member.words, at);
      for (const { word, bytes, values } of member.slots) slots.push({ word: at + word, bytes, values });
      at += member.words.length;
      windowBytes += member.textBytes;
      windowNumbers += member.numbers;
    }
    return { constants: this.#constants, instructions, slots, windowBytes, windowNumbers };
  }
}

function isIn({ name, isAlways }: LaidMember, asked: ReadonlySet<string>): boolean {
  return isAlways || asked.has(name);
}

/** Turns members into instructions, and collects the constants that those point to. */
class LayoutBuilder {
  readonly #model: RowsModel;
  readonly #constants: Uint8Array[] = [];
  /** Where the next constant goes. */
  #end = FREE;

  constructor(model: RowsModel) {
    this.#model = model;
  }

  member(name: string, isAlways: boolean, writing: Writing, before: string): MemberDraft {
    const laid = { name, isAlways, words: [], slots: [], textBytes: 0, numbers: 0 };
    this.#write(laid, `${before}${JSON.stringify(name)}:`, writing);
    return laid;
  }

  text(text: string): MemberDraft {
    const laid = { name: "", isAlways: true, words: [], slots: [], textBytes: 0, numbers: 0 };
    this.#literal(laid, LITERAL, text);
    return laid;
  }

  constants(): Uint8Array {
    const all = new Uint8Array(this.#end - FREE);
    let at = 0;
    for (const constant of this.#constants) {
      all.set(constant, at);
      at += align(constant.length);
    }
    return all;
  }

  /** @param text what stands in front of the value. */
  #write(laid: MemberDraft, text: string, writing: Writing): void {
    if (writing.kind === "flag") {
      laid.slots.push({ word: laid.words.length + 3, bytes: 1, values: writing.values });
      this.#literal(laid, LITERAL_IF, `${text}true`);
    } else if (writing.kind === "object") {
      for (const [i, { name, writing: inner }] of writing.members.entries()) {
        this.#write(laid, `${i === 0 ? `${text}{` : ","}${JSON.stringify(name)}:`, inner);
      }
      this.#literal(laid, LITERAL, writing.members.length === 0 ? `${text}{}` : "}");
    } else {
      this.#literal(laid, LITERAL, text);
      if (writing.kind === "rows") this.#rows(laid, writing.head);
      else this.#values(laid, writing.kind, writing.count, writing.values);
    }
  }

  #values(laid: MemberDraft, kind: ValueKind, count: number, values: ValuesOf): void {
    const { bytes, text } = VALUE_BYTES[kind];
    laid.slots.push({ word: laid.words.length + 1, bytes: bytes * count, values });
    instruct(laid, kind, 0, count);
    laid.textBytes += count * text + 2;
    laid.numbers += count;
  }

  #rows(laid: MemberDraft, head: number): void {
    const { features, heads, scaler } = this.#model;
    const { steps, reversed } = heads[head]!;
    const bytes = steps * features * Float32Array.BYTES_PER_ELEMENT;
    laid.slots.push({ word: laid.words.length + 1, bytes, values: ({ outputs }) => outputs.heads[head]! });
    const decimals = Int32Array.from(scaler.scale, decimalsOf);
    const scale = this.#place(Float64Array.from(scaler.scale));
    const offset = this.#place(Float64Array.from(scaler.offset));
    instruct(laid, ROWS, 0, steps, features, reversed ? 1 : 0, scale, offset, this.#place(decimals));
    laid.textBytes += steps * decimals.reduce((sum, count) => sum + count + UNITS_TEXT, 3) + 2;
    laid.numbers += steps * features;
  }

  #literal(laid: MemberDraft, kind: number, text: string): void {
    const bytes = Buffer.from(text);
    instruct(laid, kind, this.#place(bytes), bytes.length);
    laid.textBytes += bytes.length;
  }

  #place(constant: Uint8Array | Int32Array | Float64Array): number {
    const address = this.#end;
    this.#constants.push(new Uint8Array(constant.buffer, constant.byteOffset, constant.byteLength));
    this.#end += align(constant.byteLength);
    return address;
  }
}

function instruct({ words }: MemberDraft, ...own: number[]): void {
  for (let i = 0; i < INSTRUCTION_WORDS; i++) words.push(own[i] ?? 0);
}
