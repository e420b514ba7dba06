/** The delimiter of a data file, found from its first lines. */

const CANDIDATES = [",", ";", "\t", "|"] as const;

/** Lines of numbers in aligned columns, as in the UCR archive: any run of blanks is one delimiter. */
export const BLANKS = "blanks";

/**
 * The delimiter that cuts the lines most evenly: of `,` `;` tab and `|` the one that stands in every line, the same
 * number of times in most, and most often. Where none of them stands, and every line is two or more numbers
 * with blanks between, `BLANKS`; else a comma, which makes one column.
 *
 * @param text the first lines of the file, each of them whole.
 */
export function detectDelimiter(text: string): string {
  const lines = text
    .replace(/"(?:[^"]|"")*"/g, '""')
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim() !== "")
    .slice(0, 50);
  let best: { delimiter: string; even: number; count: number } | undefined;
  for (const delimiter of CANDIDATES) {
    const counts = lines.map((line) => line.split(delimiter).length - 1);
    const count = counts[0] ?? 0;
    if (count === 0 || counts.includes(0)) continue;
    const even = counts.filter((other) => other === count).length;
    if (best === undefined || even > best.even || (even === best.even && count > best.count)) {
      best = { delimiter, even, count };
    }
  }
  if (best !== undefined) return best.delimiter;
  const words = lines.map((line) => line.trim().split(/[ \t]+/));
  const aligned =
    words.length > 0 &&
    words.every(
      (line) =>
        line.length > 1 &&
        line.length === words[0]!.length &&
        line.every((word) => word !== "" && !Number.isNaN(Number(word))),
    );
  return aligned ? BLANKS : ",";
}
