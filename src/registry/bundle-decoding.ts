/**
 * Decodes the files of a bundle without holding up the event loop: a large bundle takes seconds, so a thread of its own
 * decodes it. What the thread gives back is moved or shared, not copied.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { InputError } from "../errors.js";
import { assemble, type BundleParts, type DecodedBundle, decodeParts } from "./bundle-decoder.js";
import type { BundleFile, FileContent, Files } from "./bundle-files.js";

/** Bundles with no more JSON, and no more of other files, are decoded within milliseconds. */
const MOST_JSON_BYTES = 256 * 1024;
const MOST_BINARY_BYTES = 1024 * 1024;
/** The most memory that the objects and arrays of a bundle's JSON may take. */
const MOST_MIB = 1024;

/** What the thread is sent. */
export type DecodingTask = readonly [file: BundleFile, content: FileContent][];

/** What the thread sends back: the parts of the bundle, or why it is refused. */
export interface DecodingAnswer {
  readonly parts?: BundleParts;
  readonly refusal?: string;
}

/**
 * Decodes the files of a bundle, large ones on a thread.
 *
 * @param files must not be used again: their memory may be moved to the thread.
 * @throws InputError, as `decodeFiles` does.
 */
export async function decodeBundle(files: Files): Promise<DecodedBundle> {
  return assemble(isSmall(files) ? decodeParts(files) : await decodeApart(files));
}

function isSmall(files: Files): boolean {
  let json = 0;
  let binary = 0;
  for (const [file, { bytes }] of files) {
    if (file.endsWith(".json")) json += bytes.length;
    else binary += bytes.length;
  }
  return json <= MOST_JSON_BYTES && binary <= MOST_BINARY_BYTES;
}

async function decodeApart(files: Files): Promise<BundleParts> {
  const task: DecodingTask = [...files];
  const worker = new Worker(new URL("./decoding-worker.js", import.meta.url), {
    name: "residua-bundle-decoder",
    execArgv: [],
    workerData: task,
    // Copying tens of megabytes would hold up the event loop too.
    transferList: task.flatMap(([, { bytes }]) =>
      bytes.byteLength === bytes.buffer.byteLength ? [bytes.buffer as ArrayBuffer] : [],
    ),
    resourceLimits: { maxOldGenerationSizeMb: MOST_MIB },
  });
  try {
    const [{ parts, refusal }] = (await once(worker, "message")) as [DecodingAnswer];
    if (parts === undefined) throw new InputError(refusal ?? "");
    return parts;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_WORKER_OUT_OF_MEMORY") throw error;
    throw new InputError(
      `The JSON files of the bundle take more than ${MOST_MIB} MiB to parse. Publish fewer golden windows.`,
    );
  } finally {
    await worker.terminate();
  }
}
