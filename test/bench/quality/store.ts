/** Results by series, detector and seed, a line of JSON each: a bench that was cut off goes on where it was. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { QualityFigures } from "./judgement.js";
import type { SetName } from "./series.js";

export interface ResultKey {
  readonly set: SetName;
  readonly series: string;
  readonly detector: string;
  readonly seed: number;
}

export interface Result extends ResultKey {
  readonly timesteps: number;
  readonly seconds: number;
  readonly figures: QualityFigures;
}

export class ResultStore {
  readonly #path: string;
  readonly #results = new Map<string, Result>();

  /** Reads what is there. A last line that was cut off while it was written is dropped. */
  constructor(path: string) {
    this.#path = path;
    mkdirSync(dirname(path), { recursive: true });
    if (!existsSync(path)) return;
    const text = readFileSync(path, "utf8");
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    if (whole.length < text.length) writeFileSync(path, whole);
    for (const line of whole.split("\n")) {
      if (line === "") continue;
      const result: Result = JSON.parse(line);
      this.#results.set(keyOf(result), result);
    }
  }

  get(key: ResultKey): Result | undefined {
    return this.#results.get(keyOf(key));
  }

  add(result: Result): void {
    appendFileSync(this.#path, `${JSON.stringify(result)}\n`);
    this.#results.set(keyOf(result), result);
  }
}

function keyOf({ set, series, detector, seed }: ResultKey): string {
  return JSON.stringify([set, series, detector, seed]);
}
