/** The one large member of a body: `windows` [n][T][F] or `series` [N][F], found in its bytes and read. */
import { readNumber } from "./number";

/**
 * What `findMatrix` found: where the value stands, [valueStart, valueEnd), and its shape; n is 0 for a
 * series.
 */
export let valueStart: usize = 0;
export let valueEnd: usize = 0;
export let windows: i32 = 0;
export let rows: i32 = 0;
export let features: i32 = 0;

/** How many other members the object has. */
export let others: i32 = 0;

/** Where the next reading goes. */
let target: usize = 0;

const COMMA: u8 = 0x2c;
const QUOTE: u8 = 0x22;
const OPENING: u8 = 0x5b;
const CLOSING: u8 = 0x5d;

@inline
function skipSpace(at: usize): usize {
  let byte = load<u8>(at);
  while (byte <= 0x20 && (byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09)) byte = load<u8>(++at);
  return at;
}

/**
 * Goes through the members of the object in [at, end), reads the matrix and passes over the others without
 * judging them. The byte at `end` is 0, and 40 behind it can be read.
 *
 * @param out receives the readings as doubles, null as NaN; there is room for half as many as the text has
 *   bytes.
 * @returns false where anything is not plain: another kind of value, rows of different length, a key with an
 *   escape, the member twice or not there, a number a double cannot hold.
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

/** 3 for the key `windows`, 2 for `series`, 0 for any other. */
function matrixDepth(key: usize, length: usize): i32 {
  if (length == 7 && (load<u64>(key) & 0xffffffffffffff) == 0x73776f646e6977) return 3;
  if (length == 6 && (load<u64>(key) & 0xffffffffffff) == 0x736569726573) return 2;
  return 0;
}

/** [n][T][F]; where it ends, or 0. */
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

/** [T][F]; where it ends, or 0. */
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

/** [F] numbers or nulls; where it ends, or 0. */
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

/** Passes over a value, strings and brackets minded; 0 where the text ends inside it. */
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

function skipString(at: usize, end: usize): usize {
  for (at++; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == QUOTE) return at + 1;
    if (byte == 0x5c) at++;
  }
  return 0;
}
