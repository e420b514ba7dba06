/** Models that Keras saved, with windows and what Keras gives for them (test/fixtures/keras/README.md). */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { gunzipSync } from "node:zlib";
import { type GoldenName, readGoldenCase } from "../engine/golden.js";

const FIXTURES = new URL("../../../test/fixtures/keras/", import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "residua-keras-"));
after(() => rmSync(folder, { recursive: true, force: true }));

export const VERSIONS = ["keras-3", "keras-2"] as const;
export type KerasVersion = (typeof VERSIONS)[number];
export const FORMS = ["keras", "h5"] as const;
export type Form = (typeof FORMS)[number];

/** The models by name, with the features of their data. */
export const MODELS: Readonly<Record<string, number>> = {
  gru: 3,
  "two-outputs": 3,
  bidirectional: 2,
  convolution: 2,
  pooling: 2,
  normalised: 3,
  nested: 2,
  frozen: 2,
  "branches-on-sequence": 2,
  dense: 3,
  "dense-window": 3,
  forecaster: 2,
  "simple-rnn": 2,
  sequences: 2,
  "average-pool": 2,
  wrapped: 2,
  "layer-normalised": 3,
  elu: 2,
  "initial-states": 2,
  "initial-states-deep": 3,
  "initial-states-gru": 2,
};

interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** Windows [count, steps, features], or [count, values], and what Keras gives for them. */
export interface KerasCase {
  readonly keras: string;
  readonly windows: Numbers;
  readonly outputs: readonly Numbers[];
}

export function readCase(version: KerasVersion, name: string): KerasCase {
  return JSON.parse(unzipped(`${version}/${name}.json.gz`).toString()) as KerasCase;
}

/** The bytes of a model as Keras saved them. */
export function modelBytes(version: KerasVersion, name: string, form: Form): Buffer {
  return unzipped(`${version}/${name}.${form}.gz`);
}

/**
 * The bytes of the `.h5` file of a golden case. The fixture has zeros for its weights, which stand in
 * test/fixtures/golden; with them it is, byte for byte, the file that Keras saved.
 */
export function goldenBytes(name: GoldenName): Buffer {
  const bytes = unzipped(`golden/${name}.h5.gz`);
  const { sha256, tensors } = JSON.parse(readFileSync(new URL(`golden/${name}.json`, FIXTURES), "utf8")) as {
    sha256: string;
    tensors: { name: string; offset: number }[];
  };
  const { weights } = readGoldenCase(name);
  for (const tensor of tensors) {
    const { data } = weights.get(tensor.name)!;
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), tensor.offset);
  }
  if (createHash("sha256").update(bytes).digest("hex") !== sha256) {
    throw new Error(`The fixture ${name} is not the file that Keras saved.`);
  }
  return bytes;
}

let written = 0;

/** Writes bytes to a file that is removed after the tests. */
export function fileOf(bytes: Uint8Array, form: Form): string {
  const file = join(folder, `model-${++written}.${form}`);
  writeFileSync(file, bytes);
  return file;
}

export function modelFile(version: KerasVersion, name: string, form: Form): string {
  return fileOf(modelBytes(version, name, form), form);
}

function unzipped(file: string): Buffer {
  return gunzipSync(readFileSync(new URL(file, FIXTURES)));
}
