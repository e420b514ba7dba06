/** No request holds the event loop for long, however often it is repeated, pipelined or abandoned. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startService, WINDOW } from "../http/running-service.js";
import { attack } from "./attacker.js";
import { type LoopWatch, mostTurnMs, watchLoop } from "./loop-watch.js";

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

function endedInTime(loop: LoopWatch, what = ""): void {
  const { longestMs } = loop.end();
  const mostMs = mostTurnMs();
  assert.ok(longestMs <= mostMs, `${what} a turn took ${longestMs} ms, and ${mostMs} would be right`);
}

/** As many as 64 KiB hold, which the server reads at once. */
const chunkOf = (text: string) => Math.floor(65_000 / text.length);

for (const path of ["/metrics", "/openapi.json", "/docs/json", "/docs/yaml", "/livez"]) {
  test(`64 KB of pipelined ${path} on each of 20 connections that hang up are dropped with them`, async (t) => {
    const { url } = await startService(t);
    // What is compiled and kept at the first time is not measured.
    await attack({ url, text: get(path), times: 10, connections: 2, answers: 10 });
    const loop = watchLoop();
    await attack({ url, text: get(path), times: chunkOf(get(path)), connections: 20, hangUpMs: 200 });
    const after = process.cpuUsage();
    assert.equal((await fetch(`${url}/livez`)).status, 200);
    const { user, system } = process.cpuUsage(after);
    endedInTime(loop);
    assert.ok(user + system <= 1e6, "the work of clients that left went on");
  });
}

test("pipelined scores are all answered, one after the other", async (t) => {
  const { url } = await startService(t);
  const body = JSON.stringify({ windows: [WINDOW], include: [] });
  const text = `POST /v1/models/small/score HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const loop = watchLoop();
  assert.equal(await attack({ url, text, times: 2000, connections: 1, answers: 2000 }), 2000);
  endedInTime(loop);
});

test("what a connection sends on and on without reading is not taken in", async (t) => {
  const { url } = await startService(t);
  const before = process.memoryUsage().rss;
  const text = get("/openapi.json");
  const loop = watchLoop();
  await attack({ url, text, times: 100_000, connections: 4, hangUpMs: 500 });
  endedInTime(loop);
  const grown = (process.memoryUsage().rss - before) / 2 ** 20;
  assert.ok(grown < 128, `${grown} MiB`);
});

/** A series of so many rows, with further members of the request as JSON. */
const seriesOf = (rows: number, options: string) =>
  Buffer.from(`{"series":[${"[20,1],".repeat(rows - 1)}[20,1]],${options}}`);

test("a series of four million readings, of which all wait for its only window, is settled in many turns", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  const rows = 2_000_000;
  const include = '["timestepError","featureError","reconstruction","bounds"]';
  const options = `"stride":${rows},"include":${include},"last":1,"threshold":{"value":1}`;
  // What is compiled at the first time is not measured.
  assert.equal((await score("small", seriesOf(200_000, options))).status, 200);
  const body = seriesOf(rows, options);
  const loop = watchLoop();
  const response = await score("small", body);
  endedInTime(loop);
  assert.equal(response.status, 200);
  const { timesteps } = (await response.json()) as { timesteps: { from: number } };
  assert.equal(timesteps.from, rows - 1);
});

test("four million readings that go on with a stream are put behind the rows before them in many turns", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  const rows = 2_000_000;
  const options = `"stride":${rows},"include":[],"last":1,"threshold":{"value":1}`;
  const bodyOf = (count: number, continuation: string) =>
    seriesOf(count, `${options},"continuation":"${continuation}"`);
  const continuationOf = async (response: Response): Promise<string> => {
    assert.equal(response.status, 200);
    return ((await response.json()) as { continuation: string }).continuation;
  };
  const first = await continuationOf(await score("small", bodyOf(100, "")));
  // What is compiled at the first time is not measured.
  await continuationOf(await score("small", bodyOf(200_000, first)));
  const body = bodyOf(rows, first);
  const loop = watchLoop();
  const response = await score("small", body);
  endedInTime(loop);
  assert.notEqual(await continuationOf(response), first);
});
