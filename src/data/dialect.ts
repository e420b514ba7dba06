/** How the text of a data file is laid out, found from its first lines. */
import { parseReading } from "./cell.js";
import { splitUnit } from "./number-format.js";
import { parseDateTime } from "./timestamp.js";

/** Numbers in aligned columns: any run of blanks is one delimiter. */
export const BLANKS = "blanks";

const CANDIDATES = [",", ";", "\t", "|"] as const;
const MOST_LINES = 60;
/** The most lines before the header that are looked past. */
const MOST_PREAMBLE = 40;
/** The most lines above an empty line that are taken for a preamble though they are as wide as the table. */
const MOST_ABOVE = 10;

/** The layout of a file. */
export interface Dialect {
  readonly kind: "delimited" | "jsonLines" | "jsonArray" | "jsonRows";
  /** One character, or BLANKS. */
  readonly delimiter: string;
  /** Lines before the header, or before the first row. */
  readonly skipLines: number;
  /** Whether lines that begin with # are comments. */
  readonly hasComments: boolean;
}

/** What is known about the layout beside the text. */
export interface DialectHints {
  readonly delimiter?: string | undefined;
  readonly decimal?: "." | "," | undefined;
}

/** @param text the first lines of the file, each of them whole. */
export function detectDialect(text: string, hints: DialectHints = {}): Dialect {
  const lines = text.replace(/"(?:[^"]|"")*"/g, '""').split(/\r\n|\n|\r/);
  let skipLines = 0;
  const separator = /^"?sep=(.|\\t)"?$/i.exec(lines[0] ?? "")?.[1];
  if (separator !== undefined) skipLines = 1;
  const isComment = (line: string | undefined) => line?.startsWith("#") === true;
  const comments = lines.slice(0, MOST_LINES).filter(isComment).length;
  const hasComments = comments > 0;
  let first = skipLines;
  while (first < lines.length && (isComment(lines[first]) || lines[first]!.trim() === "")) first++;
  if (/^\s*\[\s*(\{|$)/.test(lines[first] ?? "")) {
    return { kind: "jsonArray", delimiter: ",", skipLines: 0, hasComments };
  }
  if (/^\s*\[.*\]\s*$/.test(lines[first] ?? "") && /^\s*\[.*\]\s*$/.test(lines[first + 1] ?? "")) {
    return { kind: "jsonRows", delimiter: ",", skipLines: 0, hasComments };
  }
  if (/^\s*\{/.test(lines[first] ?? "")) {
    return { kind: "jsonLines", delimiter: ",", skipLines: 0, hasComments };
  }
  const body = lines.slice(first).filter((line) => !isComment(line));
  const given = hints.delimiter ?? (separator === "\\t" ? "\t" : separator);
  const candidates = given === undefined ? CANDIDATES.filter((one) => one !== hints.decimal) : [given];
  const found = findDelimiter(body, candidates);
  const delimiter = given ?? found.delimiter;
  const preamble = Math.max(found.skip, preambleLines(body.slice(found.skip), delimiter) + found.skip);
  if (preamble > 0) return { kind: "delimited", delimiter, skipLines: first + preamble, hasComments };
  // numpy.savetxt writes the header as a comment.
  const above = lines[first - 1];
  const isHeader =
    isComment(above) &&
    cells(above!, delimiter).length === cells(lines[first] ?? "", delimiter).length &&
    cells(above!, delimiter).length > 1 &&
    looksLikeData(cells(lines[first] ?? "", delimiter));
  if (isHeader) return { kind: "delimited", delimiter, skipLines: first - 1, hasComments: false };
  return { kind: "delimited", delimiter, skipLines: hasComments ? skipLines : first, hasComments };
}

/**
 * The delimiter that cuts the lines most evenly: the one that stands in every line, the same number of times in most,
 * and most often. Where none does, the first lines may be a preamble, and are passed over. Where none does even then,
 * `BLANKS` where every line is two or more words, numbers but for the header, else a comma, which makes one column.
 */
function findDelimiter(
  lines: readonly string[],
  candidates: readonly string[],
): { delimiter: string; skip: number } {
  const most = Math.min(MOST_PREAMBLE, lines.length - 3);
  for (let skip = 0; skip === 0 || skip <= most; skip++) {
    const own = lines.slice(skip, skip + MOST_LINES).filter((line) => line.trim() !== "");
    const delimiter = evenDelimiter(own, candidates);
    if (delimiter !== undefined) return { delimiter, skip };
    if (skip === 0 && isAligned(own)) return { delimiter: BLANKS, skip };
  }
  return { delimiter: candidates.includes(",") ? "," : ";", skip: 0 };
}

function evenDelimiter(lines: readonly string[], candidates: readonly string[]): string | undefined {
  let best: { delimiter: string; even: number; count: number } | undefined;
  for (const delimiter of candidates) {
    const counts = lines.map((line) => line.split(delimiter).length - 1);
    const count = counts.at(-2) ?? counts[0] ?? 0;
    // The last line of a live log may be cut off.
    if (count === 0 || counts.slice(0, lines.length > 2 ? -1 : undefined).includes(0)) continue;
    const even = counts.filter((other) => other === count).length;
    if (best === undefined || even > best.even || (even === best.even && count > best.count)) {
      best = { delimiter, even, count };
    }
  }
  return best?.delimiter;
}

function isAligned(lines: readonly string[]): boolean {
  const words = lines.map((line) => line.trim().split(/[ \t]+/));
  const width = words[0]?.length ?? 0;
  const isNumber = (word: string) => word !== "" && looksLikeData([word]);
  return (
    width > 1 &&
    words.every((line, row) => line.length === width && (line.every(isNumber) || row === 0)) &&
    words.some((line) => line.every(isNumber))
  );
}

/** Lines before the table: those at the beginning that have another number of cells than nearly all the others. */
function preambleLines(lines: readonly string[], delimiter: string): number {
  const widths = lines.map((line) => (line.trim() === "" ? 0 : cells(line, delimiter).length));
  const body = widths.filter((width) => width > 0);
  const usual = body[Math.floor(body.length * 0.6)] ?? 0;
  if (usual < 2 || body.length < 4) return 0;
  // What stands above an empty line and holds no data is a preamble, whatever its width.
  const empty = widths.indexOf(0);
  const above = lines.slice(0, empty).map((line) => cells(line, delimiter));
  const isRepeated = lines.indexOf(lines[empty + 1] ?? "") <= empty;
  const isAbove =
    empty > 0 &&
    empty <= MOST_ABOVE &&
    !isRepeated &&
    widths[empty + 1] === usual &&
    !looksLikeData(cells(lines[empty + 1]!, delimiter));
  if (isAbove && above.every((row) => !looksLikeData(row))) return empty + 1;
  const first = widths.indexOf(usual);
  const rest = widths.slice(first).filter((width) => width > 0);
  if (
    first <= 0 ||
    first > MOST_PREAMBLE ||
    rest.filter((width) => width === usual).length < rest.length * 0.9
  )
    return 0;
  // A header may have fewer names than the rows have cells: that is a fault to report, or a delimiter at the ends.
  return looksLikeData(cells(lines[first]!, delimiter)) && widths[first - 1]! > 1 ? 0 : first;
}

function cells(line: string, delimiter: string): string[] {
  if (delimiter === BLANKS)
    return line
      .replace(/^#/, "")
      .trim()
      .split(/[ \t]+/);
  return line.split(delimiter);
}

/** Whether cells are a row of data, not names: each a number, a time or missing, and not all of them missing. */
export function looksLikeData(row: readonly string[]): boolean {
  const isData = (cell: string): boolean => {
    const text = cell.trim();
    return parseReading(text) !== undefined || parseDateTime(text) !== undefined || hasDigitsFirst(text);
  };
  return row.every(isData) && row.some((cell) => !Number.isNaN(parseReading(cell.trim())));
}

/** Times and numbers of any format: `01/03/2024 00:00`, `1.109,5`, `20 %`. */
function hasDigitsFirst(cell: string): boolean {
  const isDate = /^\d{1,4}[-/.:]\d{1,2}([-/.:T ]|$)/.test(cell);
  return isDate || /^[+-]?[\d.,]*\d$/.test(splitUnit(cell).core);
}
