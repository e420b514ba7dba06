/** Names of months in the languages that loggers and spreadsheets write them in. */

/**
 * By their first three letters, without accents: English, German, French, Spanish, Italian, Portuguese and Dutch, whose
 * months do not contradict each other.
 */
const MONTHS: readonly (readonly string[])[] = [
  ["jan", "ene", "gen"],
  ["feb", "fev"],
  ["mar", "mrz", "mrt"],
  ["apr", "avr", "abr"],
  ["may", "mai", "mag", "mei"],
  ["jun", "giu"],
  ["jul", "lug"],
  ["aug", "aou", "ago"],
  ["sep", "set"],
  ["oct", "okt", "ott", "out"],
  ["nov"],
  ["dec", "dez", "dic"],
];
/** The two months of French that differ in their fourth letter. */
const FRENCH = { juin: 6, juil: 7 } as const;

/** The name of a month, or its beginning, within a regular expression with the flags `i` and `u`. */
export const MONTH_NAME = "\\p{L}{3}[\\p{L}]*";

/** The month, from 1 on, of a name of at least three letters; undefined where it is none. */
export function monthOf(name: string): number | undefined {
  const plain = name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const french = FRENCH[plain.slice(0, 4) as keyof typeof FRENCH];
  if (french !== undefined) return french;
  const month = MONTHS.findIndex((names) => names.includes(plain.slice(0, 3)));
  return month < 0 ? undefined : month + 1;
}
