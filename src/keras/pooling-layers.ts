/** Keras's layers that make a sequence shorter or longer without weights. */
import { array } from "../network/json-guards.js";
import { tapsOf } from "./convolution-layers.js";
import { single } from "./settings.js";
import {
  expectChannelsLast,
  refuse,
  sequenceShape,
  type Translate,
  type Translation,
  where,
} from "./translation.js";

const MOST_STEPS = 10_000;
/** What all steps of a pooling read together. */
const MOST_ROWS_READ = 1_000_000;

/** The rows of the sequence that each step of a pooling reads; those outside are left out, as in Keras. */
function pools(translation: Translation, steps: number): number[][] {
  const { config } = translation;
  expectChannelsLast(translation);
  const size = single(config["pool_size"] ?? 2, `pool_size ${where(translation)}`);
  if (size > MOST_STEPS) refuse(translation, `its pool_size is ${size}.`);
  const stride = single(config["strides"] ?? size, `strides ${where(translation)}`);
  const taps = tapsOf(translation, { steps, size, stride, dilation: 1 });
  if (taps.steps * size > MOST_ROWS_READ) refuse(translation, `it reads ${taps.steps} times ${size} rows.`);
  return Array.from({ length: taps.steps }, (_, t) =>
    Array.from({ length: size }, (__, tap) => t * stride + tap - taps.before).filter(
      (row) => row >= 0 && row < steps,
    ),
  );
}

export const averagePooling: Translate = (translation) => {
  const { name, className, chain } = translation;
  const [steps, width] = sequenceShape(translation);
  const rows = pools(translation, steps);
  chain.addMatrix({ name, what: className }, [rows.length, width], (at) => {
    rows.forEach((own, t) => {
      for (const row of own) {
        for (let i = 0; i < width; i++) at(row * width + i, t * width + i, 1 / own.length);
      }
    });
  });
};

export const globalAveragePooling: Translate = (translation) => {
  const { name, className, config, chain } = translation;
  const [steps, width] = sequenceShape(translation);
  expectChannelsLast(translation);
  chain.addMatrix({ name, what: className }, [width], (at) => {
    for (let t = 0; t < steps; t++) for (let i = 0; i < width; i++) at(t * width + i, i, 1 / steps);
  });
  if (config["keepdims"] === true) chain.reshape(name, [1, width]);
};

/**
 * The largest of several numbers, two at a time: max(a, b) = max(a, 0) - max(-a, 0) + max(b - a, 0), which is a layer of
 * rectifiers and a sum of them.
 */
export const maxPooling: Translate = (translation) => {
  const { name, className, chain } = translation;
  const [steps, width] = sequenceShape(translation);
  let groups = pools(translation, steps);
  do {
    // Of each group, neighbours become one; one that is left over stays (b = a).
    const pairs = groups.map((rows) =>
      Array.from({ length: Math.ceil(rows.length / 2) }, (_, pair): [number, number] => [
        rows[2 * pair]!,
        rows[2 * pair + 1] ?? rows[2 * pair]!,
      ]),
    );
    const flat = pairs.flat();
    const values = flat.length * width;
    chain.addMatrix(
      { name: `${name}_parts`, what: className },
      [3 * values],
      (at) => {
        flat.forEach(([a, b], pair) => {
          for (let i = 0; i < width; i++) {
            const o = pair * width + i;
            at(a * width + i, o, 1);
            at(a * width + i, values + o, -1);
            at(b * width + i, 2 * values + o, 1);
            at(a * width + i, 2 * values + o, -1);
          }
        });
      },
      undefined,
      "relu",
    );
    chain.addMatrix({ name, what: className }, [flat.length, width], (at) => {
      for (let o = 0; o < values; o++) {
        at(o, o, 1);
        at(values + o, o, -1);
        at(2 * values + o, o, 1);
      }
    });
    let next = 0;
    groups = pairs.map((own) => own.map(() => next++));
  } while (groups.some((rows) => rows.length > 1));
};

/** Adds a layer whose rows are rows of its input: `sources` says which; undefined for a row of zeros. */
function takeRows(translation: Translation, width: number, sources: readonly (number | undefined)[]): void {
  const { name, className, chain } = translation;
  if (sources.length === 0) refuse(translation, "no step is left after it.");
  chain.addMatrix({ name, what: className }, [sources.length, width], (at) => {
    sources.forEach((row, t) => {
      if (row !== undefined) for (let i = 0; i < width; i++) at(row * width + i, t * width + i, 1);
    });
  });
}

export const upSampling: Translate = (translation) => {
  const [steps, width] = sequenceShape(translation);
  const size = single(translation.config["size"] ?? 2, `size ${where(translation)}`);
  if (size * steps > MOST_STEPS) refuse(translation, `it gives more than ${MOST_STEPS} steps.`);
  takeRows(
    translation,
    width,
    Array.from({ length: steps * size }, (_, t) => Math.floor(t / size)),
  );
};

export const zeroPadding: Translate = (translation) => {
  const [steps, width] = sequenceShape(translation);
  const [before, after] = pair(translation, "padding");
  if (before + steps + after > MOST_STEPS) refuse(translation, `it gives more than ${MOST_STEPS} steps.`);
  const row = (t: number) => (t >= before && t < before + steps ? t - before : undefined);
  takeRows(
    translation,
    width,
    Array.from({ length: before + steps + after }, (_, t) => row(t)),
  );
};

export const cropping: Translate = (translation) => {
  const [steps, width] = sequenceShape(translation);
  const [before, after] = pair(translation, "cropping");
  takeRows(
    translation,
    width,
    Array.from({ length: Math.max(steps - before - after, 0) }, (_, t) => before + t),
  );
};

/** A number of rows before and after; Keras writes one for both as `1` or `[1, 1]`. */
function pair(translation: Translation, key: string): [number, number] {
  const value = translation.config[key] ?? 1;
  const both = Array.isArray(value) ? array(value, `${key} ${where(translation)}`) : [value, value];
  const [before, after] = both;
  const isSize = (size: unknown): size is number => Number.isSafeInteger(size) && (size as number) >= 0;
  if (both.length !== 2 || !isSize(before) || !isSize(after)) {
    refuse(translation, `its ${key} has to be two whole numbers.`);
  }
  return [before, after];
}
