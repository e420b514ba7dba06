/** Parses golden.json where it delays nothing: a large one takes seconds, which are those of a thread of its own. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { InputError } from "../errors.js";
import { parseFile } from "./bundle-decoder.js";
import type { FileContent } from "./bundle-files.js";

/** A smaller file is parsed within milliseconds. */
const LARGE_BYTES = 256 * 1024;
/** The most memory that parsing may take. */
const MOST_MIB = 1024;

/** What the thread sends back: the file with its arrays as Float32Array, or why it was refused. */
export interface GoldenAnswer {
  readonly golden?: object;
  readonly refusal?: string;
}

/**
 * @param content must not be used again: its memory may be moved to the thread.
 * @returns what `decodeGolden` takes.
 * @throws InputError where it is not JSON, and where a large file holds a number that is not a float32.
 */
export async function readGolden(content: FileContent): Promise<unknown> {
  if (content.bytes.length < LARGE_BYTES) return parseFile(content, "golden.json");
  const { bytes } = content;
  const worker = new Worker(new URL("./golden-worker.js", import.meta.url), {
    name: "residua-golden-reader",
    workerData: bytes,
    // To copy tens of megabytes would hold the event loop itself.
    transferList: bytes.byteLength === bytes.buffer.byteLength ? [bytes.buffer as ArrayBuffer] : [],
    resourceLimits: { maxOldGenerationSizeMb: MOST_MIB },
  });
  try {
    const [{ golden, refusal }] = (await once(worker, "message")) as [GoldenAnswer];
    if (refusal !== undefined) throw new InputError(refusal);
    return golden;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_WORKER_OUT_OF_MEMORY") throw error;
    throw new InputError(
      `golden.json takes more than ${MOST_MIB} MiB to parse. Publish fewer golden windows.`,
    );
  } finally {
    await worker.terminate();
  }
}
