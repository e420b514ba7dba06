/**
 * Where a text stops being JSON (RFC 8259), for the message of a 400. The messages of `JSON.parse` differ
 * between versions of V8, often have no position, and quote the body.
 */
import { escapePointer } from "./json-pointer.js";

export interface JsonFault {
  /** The index of the character, from 0. */
  readonly position: number;
  readonly line: number;
  readonly column: number;
  /** What was found, and what was expected there. */
  readonly reason: string;
  /** A JSON pointer to the value that the fault is in; undefined where that lies very deep. */
  readonly pointer: string | undefined;
}

/** Python's `json.dumps` and others write these, where they should refuse to. */
const NOT_FINITE = /-?(?:NaN|Infinity|nan|inf|None)(?![A-Za-z0-9])/y;
const MISSING_READING = "is not JSON: send null for a missing reading";
/** A pointer to a value that lies deeper says little, and may be as long as the body. */
const MAX_POINTER_DEPTH = 8;

/**
 * The first character at which `text` is not JSON; undefined where all of it is JSON. Not recursive, so that
 * deeply nested texts cannot overflow the stack.
 */
export function findJsonFault(text: string): JsonFault | undefined {
  const closers: ("]" | "}")[] = [];
  /** The key or index of the value that is read, for each of `closers`. */
  const places: (string | number)[] = [];
  const fail = (position: number, expected: string, depth = places.length): JsonFault =>
    fault(text, position, expected, places.slice(0, depth));
  let expects: "value" | "valueOrEnd" | "key" | "keyOrEnd" | "commaOrEnd" = "value";
  let at = 0;
  while (true) {
    at = skipSpace(text, at);
    const character = text[at];
    const closer = closers[closers.length - 1];
    const closes = closer !== undefined && character === closer;
    if (closes && expects !== "value" && expects !== "key") {
      closers.pop();
      places.pop();
      at += 1;
      expects = "commaOrEnd";
    } else if (expects === "commaOrEnd") {
      if (closer === undefined) return at === text.length ? undefined : fail(at, "the end");
      if (character !== ",") return fail(at, `a comma or "${closer}"`);
      at += 1;
      if (closer === "]") places.push((places.pop() as number) + 1);
      expects = closer === "}" ? "key" : "value";
    } else if (expects === "key" || expects === "keyOrEnd") {
      if (character !== '"') return fail(at, "a key in double quotes", places.length - 1);
      const end = skipString(text, at);
      if (end < 0) return fail(~end, "the rest of a string", places.length - 1);
      places[places.length - 1] = JSON.parse(text.slice(at, end)) as string;
      at = skipSpace(text, end);
      if (text[at] !== ":") return fail(at, "a colon");
      at += 1;
      expects = "value";
    } else if (character === "[" || character === "{") {
      closers.push(character === "[" ? "]" : "}");
      places.push(0);
      at += 1;
      expects = character === "[" ? "valueOrEnd" : "keyOrEnd";
    } else if (character === '"') {
      const end = skipString(text, at);
      if (end < 0) return fail(~end, "the rest of a string");
      at = end;
      expects = "commaOrEnd";
    } else {
      NOT_FINITE.lastIndex = at;
      const word = NOT_FINITE.exec(text)?.[0];
      if (word !== undefined) return { ...fail(at, ""), reason: `${word} ${MISSING_READING}` };
      const literal = ["true", "false", "null"].find((word) => text.startsWith(word, at));
      const end = literal === undefined ? skipNumber(text, at) : at + literal.length;
      if (end < 0) return fail(~end, "a digit");
      if (end === at) return fail(at, "a value");
      at = end;
      expects = "commaOrEnd";
    }
  }
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (" \t\n\r".includes(text[at] ?? "x")) at += 1;
  return at;
}

function skipDigits(text: string, from: number): number {
  let at = from;
  while (isDigit(text.charCodeAt(at))) at += 1;
  return at;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/**
 * The end of the number at `from`; `from` where there is none; where a digit is missing, ~position of that
 * place.
 */
function skipNumber(text: string, from: number): number {
  const start = text[from] === "-" ? from + 1 : from;
  if (!isDigit(text.charCodeAt(start))) return start === from ? from : ~start;
  let at = text[start] === "0" ? start + 1 : skipDigits(text, start);
  if (text[at] === ".") {
    if (!isDigit(text.charCodeAt(at + 1))) return ~(at + 1);
    at = skipDigits(text, at + 1);
  }
  if (text[at] === "e" || text[at] === "E") {
    const digits = text[at + 1] === "+" || text[at + 1] === "-" ? at + 2 : at + 1;
    if (!isDigit(text.charCodeAt(digits))) return ~digits;
    at = skipDigits(text, digits);
  }
  return at;
}

/** The end of the string at `from`; where a character may not stand in a string, ~position of it. */
function skipString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code < 0x20) return ~at;
    if (code !== 0x5c) continue;
    at += 1;
    if (text[at] === "u") {
      if (!/^[0-9a-fA-F]{4}$/.test(text.slice(at + 1, at + 5))) return ~at;
      at += 4;
    } else if (!'"\\/bfnrt'.includes(text[at] ?? "x")) {
      return ~at;
    }
  }
  return ~text.length;
}

function fault(
  text: string,
  position: number,
  expected: string,
  places: readonly (string | number)[],
): JsonFault {
  let line = 1;
  let lineStart = 0;
  for (let end = text.indexOf("\n"); end >= 0 && end < position; end = text.indexOf("\n", end + 1)) {
    line += 1;
    lineStart = end + 1;
  }
  const found =
    position >= text.length ? "the end" : JSON.stringify(String.fromCodePoint(text.codePointAt(position)!));
  return {
    position,
    line,
    column: position - lineStart + 1,
    pointer:
      places.length > MAX_POINTER_DEPTH
        ? undefined
        : places.map((place) => `/${escapePointer(place)}`).join(""),
    reason: `found ${found} where ${expected} was expected`,
  };
}
