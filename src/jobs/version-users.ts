/** Which jobs need a version that is published. */
import { ResiduaError } from "../errors.js";
import { jobAfter } from "./job.js";
import type { JobFolder } from "./job-folder.js";

/**
 * Checks that no job that has not ended renews a version. A renewal that names none may take any.
 * Throws ResiduaError CONFLICT.
 */
export async function checkUnused(jobs: JobFolder, model: string, version: string): Promise<void> {
  for (const { id } of [...(await jobs.list("queued")), ...(await jobs.list("running"))]) {
    const record = await jobs.read(id);
    if (record === undefined || record.order.kind !== "renew" || record.order.model !== model) continue;
    if ((record.order.options["version"] ?? version) !== version || jobAfter(record).endedAt !== null)
      continue;
    throw new ResiduaError(
      "CONFLICT",
      `Job ${id} renews model "${model}" and may need version ${version}; wait for its end, or cancel it.`,
    );
  }
}
