import assert from "node:assert/strict";
import { test } from "node:test";
import { jobEvents, WatchedJobs } from "../../src/http/job-events.js";
import type { JobRecord } from "../../src/jobs/job.js";

test("a job is read once for all who watch it, and all get the same bytes", async () => {
  const record: JobRecord = {
    order: {
      id: "j1",
      kind: "train",
      options: {},
      form: "table",
      model: "pump",
      createdAt: "2024-01-01T00:00:00Z",
    },
    notes: [{ type: "started", at: "2024-01-01T00:00:01Z" }],
    isWaiting: false,
    end: { state: "cancelled", endedAt: "2024-01-01T00:00:02Z", version: null, failure: null },
  };
  let reads = 0;
  const jobs = new WatchedJobs({
    read: async () => {
      reads += 1;
      return record;
    },
  });
  const watch = async (): Promise<Uint8Array[]> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await jobEvents(jobs, "j1", "1", () => false))!) chunks.push(chunk);
    return chunks;
  };
  const [first, ...others] = await Promise.all(Array.from({ length: 500 }, watch));
  assert.match(
    Buffer.concat(first!).toString(),
    /^event: job\nid: 2\n.*\n\nevent: job\nid: 3\n.*"cancelled".*\n\n$/,
  );
  assert.ok(others.every((chunks) => chunks.every((chunk, i) => chunk === first![i])));
  assert.equal(reads, 1);
});
