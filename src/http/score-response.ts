/**
 * The bytes of a score response: typed arrays to JSON with the digits they carry, with no object in between.
 *
 * Errors and scores are the shortest decimals of their float32, readings in the caller's units have decimals to
 * 1e-7 of their feature's scale, a number that is not there is null.
 */

import type { Threshold } from "../registry/manifest.js";
import { NO_VERDICT, type ScorableModel, type Timing, type WindowsResult } from "../serving/score-result.js";
import { writeWindows } from "./wire/window-writer.js";

/** About as many numbers as can be written without keeping the event loop from others. */
const NUMBERS_A_CHUNK = 16_384;

/** The answer to a windows request, in parts of bounded size. */
export function* scoreResponse(result: WindowsResult): Generator<Uint8Array, void> {
  const { model, threshold, include, parts, count } = result;
  const step = Math.max(1, Math.floor(NUMBERS_A_CHUNK / numbersOfWindow(result)));
  let written = 0;
  for (const part of parts) {
    const windows = { model: model.scoring, include, ...part };
    for (let from = 0; from < part.scores.count; from += step) {
      const to = Math.min(from + step, part.scores.count);
      const before = written === 0 ? `${responseHead(model, threshold)},"windows":[` : ",";
      written += to - from;
      const after = written === count ? `],${timingText(result)}}` : "";
      yield writeWindows(windows, from, to, before, after);
    }
  }
}

/** `{"model": ..., "threshold": ...`, for more to follow. */
export function responseHead(model: ScorableModel, threshold: Threshold | null): string {
  return `{"model":${modelText(model)},"threshold":${thresholdText(threshold)}`;
}

export function timingText({ queueMs, computeMs }: Timing): string {
  return `"timing":{"queueMs":${queueMs.toFixed(3)},"computeMs":${computeMs.toFixed(3)}}`;
}

/** A double as JSON: null where it is NaN. */
export function doubleText(value: number): string {
  return Number.isNaN(value) ? "null" : String(value);
}

export function verdictText(anomalous: number): string {
  return anomalous === NO_VERDICT ? "null" : anomalous === 1 ? "true" : "false";
}

const modelTexts = new WeakMap<ScorableModel, string>();

function modelText(model: ScorableModel): string {
  let text = modelTexts.get(model);
  if (text === undefined) {
    const { name, version, sha256, engine, device } = model;
    text = JSON.stringify({ name, version, sha256, engine, device });
    modelTexts.set(model, text);
  }
  return text;
}

const thresholdTexts = new WeakMap<Threshold, string>();

function thresholdText(threshold: Threshold | null): string {
  if (threshold === null) return "null";
  let text = thresholdTexts.get(threshold);
  if (text === undefined) {
    const { value, method, scorer, falseAlarmRate } = threshold;
    text = JSON.stringify({ value, method, scorer, falseAlarmRate });
    thresholdTexts.set(threshold, text);
  }
  return text;
}

function numbersOfWindow({ model, include, parts }: WindowsResult): number {
  const { timesteps, features, heads } = model.scoring;
  let numbers = 4;
  if (include.has("timestepError")) numbers += timesteps;
  if (include.has("featureError")) numbers += features;
  if (include.has("embedding")) numbers += parts[0]!.outputs.embedding.length / parts[0]!.scores.count;
  for (const { name, steps } of heads) {
    if (include.has("headError")) numbers += steps;
    if (include.has(name as "reconstruction" | "prediction")) numbers += steps * features;
  }
  return numbers;
}
