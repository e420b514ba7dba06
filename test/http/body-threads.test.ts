import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { ClientGoneError, ResiduaError } from "../../src/errors.js";
import type { BodyReading } from "../../src/http/body-questions.js";
import { BodyThreads } from "../../src/http/body-threads.js";
import { RawBody } from "../../src/http/raw-body.js";
import { repeatedRows } from "../walls/wide-parquet.js";

const features = [{ name: "temperature" }, { name: "pressure" }];
const reading: BodyReading = {
  kind: "data",
  reading: { name: undefined, manifest: { features, timesteps: 4 } },
};
/** Takes longer than a test may. */
const slow = repeatedRows(8_000_000);
const quick = Buffer.from("temperature,pressure\n20,1\n20,2\n");
const bodyOf = (bytes: Uint8Array) => new RawBody([Uint8Array.from(bytes)]);

test("bodies whose clients hang up, or whose deadlines pass, leave their threads to others", async (t) => {
  const threads = new BodyThreads();
  // The threads alone keep no process alive.
  const timer = setInterval(() => undefined, 60_000);
  t.after(() => {
    clearInterval(timer);
    return threads.close();
  });
  const client = { destroyed: false };
  const left = threads.read(bodyOf(slow), reading, { client });
  const late = threads.read(bodyOf(slow), reading, { deadlineAtMs: performance.now() + 200 });
  await assert.rejects(late, (error) => error instanceof ResiduaError && error.code === "DEADLINE_EXCEEDED");
  client.destroyed = true;
  await assert.rejects(left, ClientGoneError);
  const read = await Promise.all([1, 2].map(() => threads.read(bodyOf(quick), reading, {})));
  assert.deepEqual(
    read.map((body) => body.kind === "data" && body.series[0]!.rows),
    [2, 2],
  );
});

test("beside the event loop, bodies are read at a lower priority", {
  // Elsewhere, threads have that of their process.
  skip: process.platform !== "linux",
}, async (t) => {
  const threads = new BodyThreads();
  const timer = setInterval(() => undefined, 60_000);
  t.after(() => {
    clearInterval(timer);
    return threads.close();
  });
  // The 19th field; the name, in brackets, may have blanks.
  const nicenessOf = (thread: string) =>
    Number(readFileSync(`/proc/self/task/${thread}/stat`, "latin1").split(") ").at(-1)!.split(" ")[16]);
  const lower = Math.min(nicenessOf(String(process.pid)) + 5, 19);
  const before = new Set(readdirSync("/proc/self/task"));
  await threads.read(bodyOf(quick), reading, {});
  const begun = readdirSync("/proc/self/task").filter((thread) => !before.has(thread));
  assert.ok(begun.some((thread) => nicenessOf(thread) === lower));
  assert.notEqual(nicenessOf(String(process.pid)), lower);
});

test("the bodies of an address keep all threads but one, and wait behind those of another", async (t) => {
  const threads = new BodyThreads();
  const timer = setInterval(() => undefined, 60_000);
  t.after(() => {
    clearInterval(timer);
    return threads.close();
  });
  const [first, second] = ["192.0.2.1", "192.0.2.2"].map((remoteAddress) => ({
    destroyed: false,
    remoteAddress,
  }));
  const ended: string[] = [];
  const read = async (name: string, bytes: Uint8Array, client: typeof first) => {
    await threads.read(bodyOf(bytes), reading, { client }).catch(() => undefined);
    ended.push(name);
  };
  const slowOnes = ["a", "b"].map((name) => read(name, slow, first));
  const waiting = read("c", quick, first);
  await read("d", quick, second);
  assert.deepEqual(ended, ["d"]);
  first!.destroyed = true;
  await Promise.all([...slowOnes, waiting]);
});
