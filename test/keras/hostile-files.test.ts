/** Damaged and hostile files are refused with a sentence: no crash, no hang, no other error. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { InputError } from "../../src/errors.js";
import { importModel } from "../../src/keras/import-model.js";
import { readKerasFile } from "../../src/keras/read-keras-file.js";
import type { StoredModel } from "../../src/keras/stored-model.js";
import { FORMS, type Form, fileOf, modelBytes, modelFile } from "./keras-cases.js";

/** For a longer search: `KERAS_FUZZ_RUNS=1000`. */
const RUNS = Number(process.env["KERAS_FUZZ_RUNS"] ?? 20);

/** One change to a file. */
type Mutation = (bytes: Buffer) => Buffer;

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const mutations: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.integer({ min: 0, max: 255 })).map(
    ([at, value]): Mutation =>
      (bytes) => {
        bytes[Math.floor(at * bytes.length)] = value;
        return bytes;
      },
  ),
  // Sizes, offsets and counts are such words.
  fc.tuple(place, fc.constantFrom(0, 1, 0x7f, 0xff), fc.constantFrom(2, 4, 8)).map(
    ([at, value, length]): Mutation =>
      (bytes) => {
        bytes
          .subarray(Math.floor(at * bytes.length))
          .subarray(0, length)
          .fill(value);
        return bytes;
      },
  ),
  place.map(
    (at): Mutation =>
      (bytes) =>
        bytes.subarray(0, Math.floor(at * bytes.length)),
  ),
  fc.tuple(place, place).map(
    ([from, to]): Mutation =>
      (bytes) => {
        bytes.copyWithin(Math.floor(to * bytes.length), Math.floor(from * bytes.length), undefined);
        return bytes;
      },
  ),
);

/** Imports a file, or says why not. Anything but an InputError fails the test. */
async function tryImport(bytes: Uint8Array, form: Form): Promise<string | undefined> {
  try {
    importModel(await readKerasFile(fileOf(bytes, form), { timeoutMs: 20_000 }), { features: 3 });
    return undefined;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    assert.match(error.message, /^[^\n]{10,}[.)]$/s);
    return error.message;
  }
}

for (const form of FORMS) {
  test(`a damaged .${form} file is imported, or refused with a sentence`, async () => {
    const original = modelBytes("keras-3", "two-outputs", form);
    await fc.assert(
      fc.asyncProperty(fc.array(mutations, { minLength: 1, maxLength: 4 }), async (changes) => {
        const bytes = changes.reduce<Buffer>((before, change) => change(before), Buffer.from(original));
        await tryImport(bytes, form);
      }),
      { numRuns: RUNS },
    );
  });
}

/** Every place in a JSON value, as the keys that lead there. */
function placesIn(value: unknown, at: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, each]) => placesIn(each, [...at, key]))];
}

/** `value` with another value in a place. */
function withValue(value: unknown, [key, ...rest]: readonly string[], other: unknown): unknown {
  if (key === undefined) return other;
  if (Array.isArray(value)) {
    return value.map((each, index) => (String(index) === key ? withValue(each, rest, other) : each));
  }
  const members = value as Readonly<Record<string, unknown>>;
  return { ...members, [key]: withValue(members[key], rest, other) };
}

/** Whatever JSON can hold, and what is most likely to be mistaken for something else. */
const strangers = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(
    null,
    [],
    {},
    -1,
    0,
    0.5,
    1,
    7,
    1e9,
    1e300,
    "",
    "relu",
    "__proto__",
    "constructor",
    true,
    false,
  ),
  // What cannot be made a string.
  fc.constantFrom<unknown>({ toString: 1 }, [{ toString: 1 }, { toString: 1 }], [[{ join: 1 }]]),
  fc.constantFrom(
    "LSTM",
    "Dense",
    "Bidirectional",
    "TimeDistributed",
    "Conv1D",
    "MaxPooling1D",
    "Sequential",
  ),
);

for (const name of ["two-outputs", "nested", "bidirectional", "pooling", "normalised", "convolution"]) {
  test(`the configuration of ${name} with other values in places is imported, or refused with a sentence`, async () => {
    const model: StoredModel = await readKerasFile(modelFile("keras-3", name, "keras"));
    const config: unknown = JSON.parse(model.config);
    const places = placesIn(config);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...places), strangers), { minLength: 1, maxLength: 2 }),
        (changes) => {
          let changed = config;
          for (const [at, other] of changes) {
            if (hasPlace(changed, at)) changed = withValue(changed, at, other);
          }
          try {
            importModel({ ...model, config: JSON.stringify(changed) }, { features: 2 });
          } catch (error) {
            if (!(error instanceof InputError)) throw error;
          }
        },
      ),
      { numRuns: 8 * RUNS },
    );
  });
}

function hasPlace(value: unknown, at: readonly string[]): boolean {
  let found = value;
  for (const key of at) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, key)) return false;
    found = (found as Readonly<Record<string, unknown>>)[key];
  }
  return true;
}
