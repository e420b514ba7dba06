/** Training beside a service that scores. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { ENDLESS, JobPlace, logged } from "./job-service.js";
import { FILES } from "./store-kinds.js";

const isThere = process.platform === "linux" && spawnSync("chrt", ["--version"]).status === 0;
/** SCHED_IDLE, in the field `policy` of /proc/<pid>/task/<tid>/stat. */
const IDLE = "5";

test("every thread of a job gets a core only while no other process wants it", {
  skip: isThere ? false : "there is no chrt",
}, async (t) => {
  const place = await JobPlace.make(t, FILES);
  // As users have it, and not as other tests of jobs.
  const service = await place.serve({ NODE_OPTIONS: "" });
  const id = await service.accepted("pump", ENDLESS);
  await service.until(id, ({ progress }) => progress !== null);
  const tasks = `/proc/${logged(service, "the job's process runs")[0]!["child"]}/task`;
  const policies = await Promise.all(
    (await readdir(tasks)).map(async (thread) => {
      const stat = await readFile(`${tasks}/${thread}/stat`, "utf8");
      // The second field, a name in brackets, may have spaces; policy is the 41st.
      return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[38];
    }),
  );
  assert.ok(policies.length > 4);
  assert.deepEqual([...new Set(policies)], [IDLE]);
  await service.fetch(`/v1/jobs/${id}`, { method: "DELETE" });
});
