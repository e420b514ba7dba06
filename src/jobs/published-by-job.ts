/** Whether a job has published its version already: its worker may have died between that and the note of it. */
import { join } from "node:path";
import { readManifest } from "../registry/bundle.js";
import { readStore } from "../registry/store.js";
import type { JobOrder } from "./job.js";

/** The version that a job has published; undefined where there is none. */
export async function publishedByJob(
  modelsFolder: string,
  { id, model }: JobOrder,
): Promise<string | undefined> {
  const stored = (await readStore(modelsFolder)).find(({ name }) => name === model);
  for (const version of stored?.versions ?? []) {
    const manifest = await readManifest(join(stored!.folder, version)).then(
      (read) => read.manifest,
      () => undefined,
    );
    if (manifest?.training["job"] === id) return version;
  }
  return undefined;
}
