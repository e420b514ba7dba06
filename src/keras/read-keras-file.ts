/** Reads a file that Keras saved, which may come from anywhere. */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { InputError } from "../errors.js";
import { isLayersModel, readLayersModelFile } from "./layers-model-file.js";
import { FILE_LIMIT, type ReaderAnswer } from "./reader-protocol.js";
import type { StoredModel } from "./stored-model.js";

/** A reader that has not ended after this is ended: the largest models take a few seconds. */
const TIMEOUT_MS = 60_000;
/** Of the reader's thread; the numbers of the largest model take 800 MB as jsfive holds them. */
const MOST_HEAP_MB = 2048;

export interface ReadLimits {
  readonly timeoutMs?: number;
  readonly heapMb?: number;
}

export interface KerasFile extends StoredModel {
  readonly file: string;
  /** In hex; of a model.json and its weights together. */
  readonly sha256: string;
}

/**
 * Reads a `.keras` or `.h5` file, or a model.json of TF.js; the form is told by its first bytes.
 *
 * @throws InputError, with the file's name, where it cannot be read, is damaged, is not a whole model of Keras, or takes
 * more memory or time than the limits allow.
 */
export async function readKerasFile(file: string, limits: ReadLimits = {}): Promise<KerasFile> {
  const bytes = await readBytes(file);
  const hash = createHash("sha256").update(bytes);
  if (isLayersModel(bytes)) {
    const model = await readLayersModelFile(file, bytes, hash);
    return { ...model, file, sha256: hash.digest("hex") };
  }
  const sha256 = hash.digest("hex");
  const answer = await takeApart(bytes, limits);
  if (answer.model === undefined)
    throw new InputError(`${file} cannot be imported: ${lowerFirst(answer.refusal)}`);
  return { ...answer.model, file, sha256 };
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(file);
    if (size > FILE_LIMIT) throw new InputError(`${file} has ${size} bytes; the most is ${FILE_LIMIT}.`);
    return await readFile(file);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT") throw new InputError(`There is no file ${file}.`);
    if (code === "EISDIR") {
      throw new InputError(
        `${file} is a folder. A SavedModel cannot be imported: save the model with model.save("model.keras").`,
      );
    }
    throw new InputError(`${file} cannot be read (${code ?? String(error)}).`);
  }
}

function takeApart(bytes: Uint8Array, limits: ReadLimits): Promise<ReaderAnswer> {
  const { timeoutMs = TIMEOUT_MS, heapMb = MOST_HEAP_MB } = limits;
  const worker = new Worker(new URL("./reader-worker.js", import.meta.url), {
    name: "residua-keras-reader",
    workerData: bytes,
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
    // What the libraries print about damaged files is of no use to anyone.
    stdout: true,
    stderr: true,
  });
  return new Promise((resolve) => {
    const settle = (answer: ReaderAnswer): void => {
      clearTimeout(timer);
      void worker.terminate();
      resolve(answer);
    };
    const timer = setTimeout(
      () =>
        settle({
          refusal: `Reading it took more than ${timeoutMs / 1000} seconds, so it is likely to be damaged.`,
        }),
      timeoutMs,
    );
    worker.once("message", settle);
    worker.once("error", (error: NodeJS.ErrnoException) =>
      settle({
        refusal:
          error.code === "ERR_WORKER_OUT_OF_MEMORY"
            ? "Reading it takes too much memory, so it is likely to be damaged."
            : "It is damaged.",
      }),
    );
    worker.once("exit", () => settle({ refusal: "It is damaged." }));
  });
}

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
