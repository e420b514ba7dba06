/** Which jobs need a version that is published. */
import { ResiduaError } from "../errors.js";
import { jobAfter } from "./job.js";
import type { JobStore } from "./job-store.js";

/**
 * Checks that no job that has not ended renews a version. A renewal that names none may take any.
 * @throws ResiduaError CONFLICT.
 */
export async function checkUnused(
  store: Pick<JobStore, "list">,
  model: string,
  version: string,
): Promise<void> {
  for (const record of await store.list(0)) {
    const { id, kind, options, model: renewed } = record.order;
    if (kind !== "renew" || renewed !== model) continue;
    if ((options["version"] ?? version) !== version || jobAfter(record).endedAt !== null) continue;
    throw new ResiduaError(
      "CONFLICT",
      `Job ${id} renews model "${model}" and may need version ${version}; wait for its end, or cancel it.`,
    );
  }
}
