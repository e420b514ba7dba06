/** What clients/typescript does: `node typescript_client.mjs MODULE URL TOKEN`. */
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const [module, url, token] = process.argv.slice(2);
const { Residua, ResiduaError } = await import(pathToFileURL(module).href);
const residua = new Residua({ url, token });
const rows = Array.from({ length: 400 }, (_, row) => [Math.sin(row / 5), Math.cos(row / 5)]);
const csv = `sin,cos\n${rows.map((row) => row.join(",")).join("\n")}\n`;
const query = { timesteps: 8, units: "4", epochs: 3, folds: 1, "linear-path": "off" };
const everyMs = 50;

const seen = [];
const { id } = await residua.train("waves", csv, { query });
const job = await residua.wait(id, { everyMs, onProgress: ({ state }) => seen.push(state) });
assert.deepEqual([job.state, job.version, seen.at(-1)], ["done", "1", "done"]);
// The proxy lost the first request of this job: sent again, it is one job and not two.
const { data } = await residua.api.GET("/v1/jobs");
assert.deepEqual(
  data.jobs.map(({ model, state }) => [model, state]),
  [["waves", "done"]],
);

const byJson = await residua.train("by-json", { series: rows, columns: ["sin", "cos"] }, { query });
assert.equal((await residua.wait(byJson.id, { everyMs })).data.rows, 400);

const file = new TextEncoder().encode(csv);
const parts = { last: 5, include: ["timestepError", "bounds"] };
const { timesteps } = await residua.score("waves", file, { query: parts });
assert.deepEqual(
  [timesteps.score, timesteps.timestepError, timesteps.bounds.lower].map(({ length }) => length),
  [5, 5, 5],
);
const { windows } = await residua.score(
  "waves",
  { windows: [rows.slice(0, 8)] },
  { query: { version: "1" } },
);
assert.ok(Number.isFinite(windows[0].score));

const whole = await residua.score("waves", { series: rows }, { timeoutMs: 30_000 });
function* batches(from, to) {
  for (let start = from; start < to; start += 50)
    yield { series: rows.slice(start, Math.min(start + 50, to)) };
}
const joined = [];
let continuation = "";
// Two streams, of which the second goes on where the first ended.
for (const part of [batches(0, 150), batches(150, 400)]) {
  for await (const answer of residua.stream("waves", part, { continuation })) {
    joined.splice(answer.timesteps.from, Number.POSITIVE_INFINITY, ...answer.timesteps.score);
    continuation = answer.continuation;
  }
}
assert.deepEqual(joined, whole.timesteps.score);

const isRefused = (code, status) => (error) =>
  error instanceof ResiduaError && error.code === code && error.status === status && error.requestId !== null;
await assert.rejects(residua.score("waves", { windows: [[[1]]] }), isRefused("SHAPE_MISMATCH", 422));
const short = await residua.train("short", "a\n1\n2\n");
await assert.rejects(residua.wait(short.id, { everyMs }), isRefused("INVALID_DATA", 422));
const endless = { timesteps: 16, epochs: 100_000, patience: 0, folds: 1 };
const stopped = await residua.train("endless", csv, { query: endless });
await residua.cancel(stopped.id);
await assert.rejects(residua.wait(stopped.id, { everyMs }), /cancelled/);

const early = AbortSignal.abort(new Error("not now"));
await assert.rejects(residua.score("waves", csv, { signal: early }), /not now/);
