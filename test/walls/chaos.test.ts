/**
 * Thousands of seeded runs of a registry and a batcher on simulated files and time, with a fault, a delay or another order
 * possible at every await: no request is lost, none is answered by another version, nothing hangs.
 *
 * CHAOS_SEED=n runs one seed again, with what happened in it. CHAOS_SEEDS=10000, before a release, takes a minute of two
 * free cores.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import type { Outcome, Seeds } from "./chaos-worker.js";

const ONE = process.env["CHAOS_SEED"];
const SEEDS = Number(process.env["CHAOS_SEEDS"] ?? 2_000);

async function runSeeds(seeds: Seeds): Promise<Outcome> {
  const worker = new Worker(new URL("./chaos-worker.js", import.meta.url), { workerData: seeds });
  return ((await once(worker, "message")) as [Outcome])[0];
}

test("whatever fails, comes late or in another order, no request is lost or answered wrongly", async (t) => {
  const first = ONE === undefined ? 0 : Number(ONE);
  const end = ONE === undefined ? SEEDS : first + 1;
  const each = Math.ceil((end - first) / Math.min(4, availableParallelism()));
  const ranges: Seeds[] = [];
  for (let at = first; at < end; at += each) ranges.push({ first: at, end: Math.min(end, at + each) });
  const outcomes = await Promise.all(ranges.map(runSeeds));
  const answered = outcomes.reduce((sum, outcome) => sum + outcome.answered, 0);
  const refused = outcomes.reduce((sum, outcome) => sum + outcome.refused, 0);
  t.diagnostic(`seeds ${first} to ${end - 1}: ${answered} requests answered, ${refused} refused`);
  for (const { failed } of outcomes) {
    if (failed === undefined) continue;
    for (const line of failed.trace) t.diagnostic(line);
    assert.fail(`Seed ${failed.seed} (CHAOS_SEED=${failed.seed} runs it again): ${failed.why}`);
  }
  assert.ok(ONE !== undefined || answered > refused / 2, "the runs are about answers, too");
});
