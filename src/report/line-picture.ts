/** A picture of lines over a shared axis, as SVG text. */
import type { LinePoints } from "../charts/min-max.js";
import { type Axis, nameTick, placeOn, ticksOf } from "./axis.js";
import { escapeText } from "./html.js";

/** Width of a picture, and of its margins, in its own units: pixels on a wide screen. */
export const PICTURE_WIDTH = 1000;
export const LEFT = 92;
const RIGHT = 8;
/** Columns of points that a line is drawn with. */
export const COLUMNS = PICTURE_WIDTH - LEFT - RIGHT;
const TOP = 8;
const BOTTOM = 20;

export interface Line {
  readonly points: LinePoints;
  readonly colour: string;
}

export interface LinePicture {
  /** What is seen, for those who do not see it. */
  readonly description: string;
  readonly height: number;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
  /** Places on the x axis with what stands there. */
  readonly xTicks: readonly (readonly [place: number, name: string])[];
  /** Bands of events, from and to on the x axis. */
  readonly bands?: readonly (readonly [from: number, to: number])[];
  /** Of labelled rows: a strip at the bottom. */
  readonly labels?: readonly (readonly [from: number, to: number])[];
  readonly threshold?: number | undefined;
  /** A vertical line with a name. */
  readonly mark?: readonly [place: number, name: string] | undefined;
}

/** @returns an `svg` element. */
export function drawLines(picture: LinePicture): string {
  const { height, y, x } = picture;
  const left = (place: number) => LEFT + placeOn(x, place) * COLUMNS;
  const top = (value: number) => TOP + (1 - placeOn(y, value)) * (height - TOP - BOTTOM);
  const floor = height - BOTTOM;
  const parts: string[] = [];
  const band = (kind: string, from: number, to: number, at: number) => {
    const begin = left(from);
    // A band of one row is seen among a million.
    const width = Math.max(1.5, left(to) - begin);
    parts.push(
      `<rect class="${kind}" x="${short(begin)}" y="${at}" width="${short(width)}" height="${floor - at}"/>`,
    );
  };
  for (const [from, to] of picture.bands ?? []) band("event", from, to, TOP);
  for (const value of ticksOf(y, Math.max(3, Math.floor(height / 45)))) {
    const at = short(top(value));
    parts.push(`<path class="grid" d="M${LEFT} ${at}H${PICTURE_WIDTH - RIGHT}"/>`);
    parts.push(`<text x="${LEFT - 8}" y="${at}" dy="4" text-anchor="end">${nameTick(value)}</text>`);
  }
  picture.xTicks.forEach(([place, name], index) => {
    const anchor = index === 0 ? "start" : index === picture.xTicks.length - 1 ? "end" : "middle";
    const at = short(left(place));
    parts.push(`<text x="${at}" y="${height - 5}" text-anchor="${anchor}">${escapeText(name)}</text>`);
  });
  for (const [from, to] of picture.labels ?? []) band("label", from, to, floor - 4);
  for (const { points, colour } of picture.lines) {
    parts.push(`<path class="line" stroke="${colour}" d="${pathOf(points, left, top)}"/>`);
  }
  if (picture.threshold !== undefined) {
    const at = short(top(picture.threshold));
    const name = `threshold ${nameTick(Number(picture.threshold.toPrecision(4)))}`;
    parts.push(`<path class="threshold" d="M${LEFT} ${at}H${PICTURE_WIDTH - RIGHT}"/>`);
    parts.push(`<text class="threshold-name" x="${LEFT + 6}" y="${at}" dy="-5">${name}</text>`);
  }
  if (picture.mark !== undefined) {
    const [place, name] = picture.mark;
    const at = short(left(place));
    const isRight = placeOn(x, place) > 0.7;
    parts.push(`<path class="threshold" d="M${at} ${TOP}V${floor}"/>`);
    parts.push(
      `<text class="threshold-name" x="${at}" y="${TOP + 10}" dx="${isRight ? -6 : 6}" text-anchor="${isRight ? "end" : "start"}">${escapeText(name)}</text>`,
    );
  }
  const box = `0 0 ${PICTURE_WIDTH} ${height}`;
  return `<svg viewBox="${box}" role="img" aria-label="${escapeText(picture.description)}">${parts.join("")}</svg>`;
}

/** The line is broken where a value is missing; a value alone is a dot. */
function pathOf(
  { rows, values }: LinePoints,
  left: (place: number) => number,
  top: (value: number) => number,
): string {
  let path = "";
  let isDrawing = false;
  values.forEach((value, index) => {
    if (value === null) {
      isDrawing = false;
      return;
    }
    const at = `${short(left(rows[index]!))} ${short(top(value))}`;
    const isAlone = !isDrawing && (values[index + 1] ?? null) === null;
    path += isAlone ? `M${at}h1` : `${isDrawing ? "L" : "M"}${at}`;
    isDrawing = true;
  });
  return path;
}

/** A tenth of a pixel is more than enough. */
function short(value: number): string {
  return String(Math.round(value * 10) / 10);
}
