/** Finds the one large member of a JSON body, `windows` [n][T][F] or `series` [N][F], and reads its numbers. */
import { readNumber } from "./number";

/**
 * What `findMatrix` found: the value is the bytes [valueStart, valueEnd), and its shape is windows x rows x features;
 * `windows` is 0 for a series.
 */
export let valueStart: usize = 0;
export let valueEnd: usize = 0;
export let windows: i32 = 0;
export let rows: i32 = 0;
export let features: i32 = 0;

/** The number of other members in the object. */
export let others: i32 = 0;

/** Where the next reading is stored. */
let target: usize = 0;

const COMMA: u8 = 0x2c;
const QUOTE: u8 = 0x22;
const OPENING: u8 = 0x5b;
const CLOSING: u8 = 0x5d;

/** Skips JSON's white space. */
@inline
function skipSpace(at: usize): usize {
  let byte = load<u8>(at);
  while (byte <= 0x20 && (byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09)) byte = load<u8>(++at);
  return at;
}

/**
 * Walks through the members of the JSON object in [at, end): reads the matrix, and skips the other members without
 * checking them. The byte at `end` is 0, and 40 more bytes can be read after it.
 *
 * @param out receives the readings as doubles, null as NaN. It has room for half as many as the text has bytes.
 * @returns false where the body needs JSON.parse: the matrix holds another kind of value or rows of different lengths,
 *   a key has an escape or a character outside ASCII, the matrix is there twice or not at all, or a number exceeds a
 *   double.
 */
export function findMatrix(at: usize, end: usize, out: usize): bool {
  target = out;
  valueEnd = 0;
  others = 0;
  at = skipSpace(at);
  if (load<u8>(at) != 0x7b) return false;
  do {
    at = skipSpace(at + 1);
    if (load<u8>(at) != QUOTE) return false;
    const key = ++at;
    let byte = load<u8>(at);
    while (byte != QUOTE) {
      if (byte == 0x5c || byte < 0x20 || byte >= 0x80) return false;
      byte = load<u8>(++at);
    }
    const length = at - key;
    at = skipSpace(at + 1);
    if (load<u8>(at) != 0x3a) return false;
    at = skipSpace(at + 1);
    const depth = matrixDepth(key, length);
    if (depth > 0) {
      if (valueEnd != 0) return false;
      valueStart = at;
      at = depth == 3 ? readWindows(at) : readRows(at);
      if (depth == 2) windows = 0;
      valueEnd = at;
    } else {
      at = skipValue(at, end);
      others++;
    }
    if (at == 0) return false;
    at = skipSpace(at);
  } while (load<u8>(at) == COMMA);
  return valueEnd != 0 && load<u8>(at) == 0x7d && skipSpace(at + 1) == end;
}

/** The depth of the arrays in the member of a key: 3 for `windows`, 2 for `series`, 0 for any other. */
function matrixDepth(key: usize, length: usize): i32 {
  if (length == 7 && (load<u64>(key) & 0xffffffffffffff) == 0x73776f646e6977) return 3;
  if (length == 6 && (load<u64>(key) & 0xffffffffffff) == 0x736569726573) return 2;
  return 0;
}

/** Reads [n][T][F]; returns where it ends, or 0 where it is not one. */
function readWindows(at: usize): usize {
  if (load<u8>(at) != OPENING) return 0;
  let count = 0;
  let steps = 0;
  let width = 0;
  do {
    at = readRows(skipSpace(at + 1));
    if (at == 0) return 0;
    if (count == 0) {
      steps = rows;
      width = features;
    } else if (rows != steps || features != width) {
      return 0;
    }
    count++;
    at = skipSpace(at);
  } while (load<u8>(at) == COMMA);
  windows = count;
  return load<u8>(at) == CLOSING ? at + 1 : 0;
}

/** Reads [T][F]; returns where it ends, or 0 where it is not one. */
function readRows(at: usize): usize {
  if (load<u8>(at) != OPENING) return 0;
  let count = 0;
  do {
    const before = target;
    at = readRow(skipSpace(at + 1));
    if (at == 0) return 0;
    const width = <i32>((target - before) >> 3);
    if (count == 0) features = width;
    else if (width != features) return 0;
    count++;
    at = skipSpace(at);
  } while (load<u8>(at) == COMMA);
  rows = count;
  return load<u8>(at) == CLOSING ? at + 1 : 0;
}

/** Reads [F] numbers or nulls; returns where it ends, or 0 where it is not one. */
function readRow(at: usize): usize {
  if (load<u8>(at) != OPENING) return 0;
  let out = target;
  do {
    at = skipSpace(at + 1);
    if (load<u32>(at) == 0x6c6c756e) {
      store<f64>(out, NaN);
      at += 4;
    } else {
      at = readNumber(at, out);
      if (at == 0) return 0;
    }
    out += 8;
    at = skipSpace(at);
  } while (load<u8>(at) == COMMA);
  target = out;
  return load<u8>(at) == CLOSING ? at + 1 : 0;
}

/** Skips a value of any kind; returns where it ends, or 0 where the text ends inside it. */
function skipValue(at: usize, end: usize): usize {
  let depth = 0;
  while (at < end) {
    const byte = load<u8>(at);
    if (byte == QUOTE) {
      at = skipString(at, end);
      if (at == 0) return 0;
      if (depth == 0) return at;
      continue;
    }
    if (byte == OPENING || byte == 0x7b) {
      depth++;
    } else if (byte == CLOSING || byte == 0x7d) {
      if (depth == 0) return at;
      depth--;
      if (depth == 0) return at + 1;
    } else if (depth == 0 && (byte == COMMA || byte <= 0x20)) {
      return at;
    }
    at++;
  }
  return 0;
}

/** Skips a string; returns where it ends, or 0 where the text ends inside it. */
function skipString(at: usize, end: usize): usize {
  for (at++; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == QUOTE) return at + 1;
    if (byte == 0x5c) at++;
  }
  return 0;
}
