/** A series as a section of a report: score, readings, heat map of errors, and events. */
import { LIGHT } from "../charts/colours.js";
import type { LinePoints } from "../charts/min-max.js";
import { significantDigits } from "../scoring/digits.js";
import { type Axis, linearAxis, logAxis } from "./axis.js";
import { drawHeat } from "./heat-picture.js";
import { escapeText, writeSection, writeTable } from "./html.js";
import { drawLines } from "./line-picture.js";
import type { SeriesLook } from "./series-look.js";

/** Events that are listed; the others are counted. */
const MOST_EVENTS = 200;
/** Scores are drawn in powers of ten where the largest is this many times the median. */
const WIDE = 20;

/** An event as it is listed. */
export interface ListedEvent {
  readonly id: number;
  readonly start: string;
  readonly end: string;
  readonly score: number;
  readonly open: boolean;
  readonly features: readonly { readonly name: string; readonly share: number }[];
}

/** @param events of this series; undefined where they are not listed. */
export function writeSeries(look: SeriesLook, events: readonly ListedEvent[] | undefined): string {
  const x: Axis = { low: 0, high: Math.max(1, look.rows - 1), isLog: false };
  const xTicks = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const row = Math.round(share * (look.rows - 1));
    return [row, nameRow(look, row)] as const;
  });
  const marks = { x, xTicks, bands: look.events, labels: look.labels };
  const parts = ["<h3>Score</h3>"];
  parts.push(
    drawLines({
      ...marks,
      description: `Scores of ${look.name}, with ${count(look.events.length, "event")}`,
      height: 190,
      y: scoreAxis(look.score, look.threshold),
      lines: [{ points: look.score, colour: LIGHT.score }],
      threshold: look.threshold,
    }),
  );
  for (const { name, points } of look.readings) {
    parts.push(`<h3>${escapeText(name)}</h3>`);
    parts.push(
      drawLines({
        ...marks,
        description: `Readings of ${name}`,
        height: 104,
        y: linearAxis(...extent(points)),
        lines: [{ points, colour: LIGHT.reading }],
      }),
    );
  }
  const left = look.heat.features.length - look.readings.length;
  if (left > 0) {
    parts.push(`<p>The readings of ${count(left, "further feature")} with smaller errors are not drawn.</p>`);
  }
  parts.push("<h3>Errors by feature, from none (light) to the largest (dark)</h3>", drawHeat(look.heat));
  if (events !== undefined) parts.push("<h3>Events</h3>", listEvents(events));
  return writeSection(look.name, describe(look), parts.join("\n"));
}

function describe({ rows, events, labels, timestampsMs }: SeriesLook): string {
  const when =
    timestampsMs === undefined || rows === 0
      ? ""
      : `, from ${nameTime(timestampsMs[0]!)} to ${nameTime(timestampsMs[rows - 1]!)} UTC`;
  const labelled = labels.length === 0 ? "" : ` The green strip marks rows that are labelled anomalous.`;
  return `${count(rows, "row")}${when}; ${count(events.length, "event")}, shaded.${labelled}`;
}

function listEvents(events: readonly ListedEvent[]): string {
  if (events.length === 0) return "<p>None.</p>";
  const rows = events.slice(0, MOST_EVENTS).map(({ id, start, end, score, open, features }) => [
    String(id),
    start,
    open ? `${end} (goes on)` : end,
    significantDigits(score),
    features
      .slice(0, 3)
      .filter(({ share }, place) => place === 0 || share >= 0.01)
      .map(({ name, share }) => `${name} ${Math.round(100 * share)} %`)
      .join(", "),
  ]);
  const more =
    events.length > MOST_EVENTS ? `<p>${count(events.length - MOST_EVENTS, "further event")}.</p>` : "";
  return writeTable(["", "Start", "End", "Score at the peak", "Features"], rows, [3]) + more;
}

function scoreAxis(points: LinePoints, threshold: number | undefined): Axis {
  const values = points.values.filter((value) => value !== null);
  const above = values.filter((value) => value > 0).sort((a, b) => a - b);
  const known = threshold === undefined ? [] : [threshold];
  const most = Math.max(...known, above.at(-1) ?? 0);
  if (above.length > 0 && most > WIDE * above[above.length >> 1]!) {
    return logAxis(Math.min(above[0]!, ...known.filter((value) => value > 0)), most);
  }
  return linearAxis(0, most);
}

/** The smallest and the largest value of a line. */
function extent({ values }: LinePoints): readonly [low: number, high: number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}

function nameRow({ timestampsMs }: SeriesLook, row: number): string {
  const time = timestampsMs?.[row];
  return time === undefined ? `row ${row}` : nameTime(time);
}

function nameTime(ms: number): string {
  const time = new Date(ms);
  if (Number.isNaN(time.getTime())) return "";
  return time.toISOString().slice(0, 16).replace("T", " ");
}

/** Such as "1 row", "2 rows". */
export function count(n: number, what: string): string {
  return `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;
}
