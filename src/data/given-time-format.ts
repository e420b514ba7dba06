/** The format of times that a person gives with --time-format. */
import { InputError } from "../errors.js";
import { type Clock, epochMs, hourOf, isTimeOfDay, MIDNIGHT, type ZoneReader } from "./clock-time.js";
import { MONTH_NAME, monthOf } from "./month-names.js";
import { EPOCH_UNITS, type EpochUnit, epochFormat, fullYear, type TimeFormat } from "./time-format.js";

const STRPTIME: Readonly<Record<string, string>> = {
  Y: "YYYY",
  y: "YY",
  m: "MM",
  d: "DD",
  b: "MMM",
  B: "MMMM",
  H: "HH",
  I: "hh",
  M: "mm",
  S: "ss",
  f: "SSS",
  p: "A",
  z: "Z",
  Z: "Z",
};
const TOKENS: Readonly<Record<string, string>> = {
  YYYY: "(?<year>\\d{4})",
  YY: "(?<year>\\d{2})",
  MMMM: `(?<name>${MONTH_NAME})`,
  MMM: `(?<name>${MONTH_NAME})`,
  MM: "(?<month>\\d{1,2})",
  DD: "(?<day>\\d{1,2})",
  HH: "(?<hour>\\d{1,2})",
  hh: "(?<hour>\\d{1,2})",
  mm: "(?<minute>\\d{2})",
  ss: "(?<second>\\d{2})",
  SSS: "(?<fraction>\\d{1,9})",
  A: "(?<half>[ap]\\.?m\\.?)",
  a: "(?<half>[ap]\\.?m\\.?)",
  Z: "(?<zone>Z|[a-z]{2,5}|[+-]\\d{2}:?\\d{2})",
};

/** What may follow a format of dates alone. */
const TIME_OF_DAY = `(?:,?[T ]+${TOKENS["HH"]}:${TOKENS["mm"]}(?::${TOKENS["ss"]}(?:[.,]${TOKENS["SSS"]})?)?\\s*${TOKENS["A"]}?\\s*${TOKENS["Z"]}?)?`;

/**
 * The format that a person gave, as `DD/MM/YYYY HH:mm:ss`, `%d/%m/%Y %H:%M:%S`, or `s`, `ms`, `us`, `ns` since 1970.
 * A format of dates alone takes any time of day after them.
 *
 * @throws InputError where it names no day.
 */
export function givenFormat(text: string, zone: ZoneReader): TimeFormat {
  if (Object.hasOwn(EPOCH_UNITS, text)) return epochFormat(text as EpochUnit);
  const named = text.replace(/%([a-zA-Z])/g, (whole, letter: string) => STRPTIME[letter] ?? whole);
  let pattern = "";
  for (let rest = named; rest !== ""; ) {
    const token = /^(?:YYYY|YY|MMMM|MMM|MM|DD|HH|hh|mm|ss|SSS|A|a|Z)/.exec(rest)?.[0];
    pattern += token === undefined ? rest[0]!.replace(/[\s\S]/, escapeCharacter) : TOKENS[token]!;
    rest = rest.slice(token?.length ?? 1);
  }
  if (!/<hour>/.test(pattern)) pattern += TIME_OF_DAY;
  // Compact formats have exactly two digits a part.
  if (/YYYYMM|MMDD/.test(named)) pattern = pattern.replaceAll("\\d{1,2}", "\\d{2}");
  if (!/<year>/.test(pattern) || !/<day>/.test(pattern) || !/<(month|name)>/.test(pattern)) {
    throw new InputError(
      `"${text}" is no format of times: it has to name year, month and day, such as DD/MM/YYYY HH:mm.`,
    );
  }
  const shape = new RegExp(`^${pattern}$`, "iu");
  return { name: text, kind: "written", read: (cell) => readGroups(shape.exec(cell)?.groups, zone) };
}

function escapeCharacter(character: string): string {
  return /\s/.test(character) ? "\\s+" : character.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

function readGroups(groups: Record<string, string> | undefined, zone: ZoneReader): number | undefined {
  if (groups === undefined) return undefined;
  const number = (name: string) => Number(groups[name] ?? 0);
  const month = groups["name"] === undefined ? number("month") : (monthOf(groups["name"]) ?? Number.NaN);
  const hour = hourOf(number("hour"), groups["half"]);
  if (hour === undefined || !isTimeOfDay(hour, number("minute"), number("second"))) return undefined;
  const clock: Clock = {
    ...MIDNIGHT,
    hour,
    minute: number("minute"),
    second: number("second"),
    fraction: groups["fraction"] === undefined ? 0 : Number(`0.${groups["fraction"]}`),
    zone: groups["zone"],
  };
  return epochMs(fullYear(groups["year"]!), month, number("day"), clock, zone);
}
