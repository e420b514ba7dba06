/** What the names of columns say. */

/** Names for a sentence: all of them up to 12, else the first 12 and how many more. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 12).map((name) => `"${name}"`);
  return names.length > 12 ? `${shown.join(", ")} and ${names.length - 12} more` : shown.join(", ");
}

/** A name as a shell takes it behind an option, such as `--group-column 'unit no'`. */
export function shellWord(name: string): string {
  return /^[\w.+:/%-]+$/.test(name) ? name : `'${name}'`;
}

/** Names of time columns, in the order in which they are looked for. */
const TIME_NAMES = [
  "timestamp",
  "datetime",
  "time",
  "date",
  "ts",
  "epoch",
  "epochms",
  "unixtime",
  "unixts",
  "utc",
  "timestamputc",
  "ds",
  "zeit",
  "datum",
  "zeitstempel",
  "fecha",
  "t",
];
const TIME_WORDS =
  /^(time|times|date|datetime|timestamp|stamp|unix|epoch|zeit|datum|uhrzeit|fecha|hora|elapsed|uptime|sec|secs|seconds|clock)$/;

/** How much a name says that a column holds times: the lower the more; undefined where it says nothing. */
export function timeNameRank(name: string): number | undefined {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, "");
  const index = TIME_NAMES.indexOf(plain);
  if (index >= 0) return index;
  const words = name.toLowerCase().split(/[^a-z]+/);
  return words.some((word) => TIME_WORDS.test(word)) ? TIME_NAMES.length : undefined;
}

/** Whether a name is, word for word, one of a time column. */
export function isTimeName(name: string): boolean {
  return (timeNameRank(name) ?? TIME_NAMES.length) < TIME_NAMES.length;
}

/**
 * The zone that the name of a time column ends in or holds, as of `Date Time, GMT+01:00`: how it is written, and minutes
 * ahead of UTC; undefined where it holds none.
 */
export function zoneOfName(name: string): { readonly zone: string; readonly minutes: number } | undefined {
  const match = /(?:GMT|UTC)\s?([+-])(\d{1,2})(?::?(\d{2}))?(?!\d)/i.exec(name);
  if (match === null) return undefined;
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0);
  return { zone: match[0], minutes: match[1] === "-" ? -minutes : minutes };
}

const TIME_UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  msec: 1,
  millis: 1,
  milliseconds: 1,
  min: 60_000,
  mins: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  hours: 3_600_000,
};

/** Milliseconds of one unit of a column of elapsed times, by its name: `Time (ms)`, `uptime_min`; seconds else. */
export function elapsedUnitMs(name: string): number {
  const last = name
    .toLowerCase()
    .split(/[^a-zµ]+/)
    .filter((word) => word !== "")
    .at(-1);
  return TIME_UNITS[last ?? ""] ?? 1000;
}

const INDEX_NAME =
  /^(.*[_ ]?id|index|idx|row(s|[_ ]?(no|nr|num|number|id))?|no|nr|num|number|#|n|seq(uence)?([_ ]?(no|nr|num|number))?|counter|count|record([_ ]?(no|nr|id))?|sample([_ ]?(no|nr|id))?|unnamed.*)$/i;

/** Whether a name is one of row numbers or ids. */
export function isIndexName(name: string): boolean {
  return name === "" || INDEX_NAME.test(name.trim());
}

const LABEL_NAME = /^(is_?)?(anomal(y|ous|ies)|labels?|outliers?|change_?points?|attacks?|fault(y)?)$/i;

/** Whether a name is one of labels. */
export function isLabelName(name: string): boolean {
  return LABEL_NAME.test(name);
}

/** The unit that a name ends in, such as `temp [°C]`, `flow (m3/h)` or `temp °C`; undefined where it has none. */
export function unitOfName(name: string): string | undefined {
  const match = /^.+?\s*(?:\[([^\]]{1,16})\]|\(([^):]{1,16})\)|[ _](°[CFK]|%|℃))$/.exec(name);
  return match?.[1] ?? match?.[2] ?? match?.[3];
}

/** A name without the unit that it ends in. */
export function nameWithoutUnit(name: string): string {
  return unitOfName(name) === undefined
    ? name
    : name.replace(/\s*(\[[^\]]*\]|\([^)]*\)|[ _](°[CFK]|%|℃))$/, "");
}
