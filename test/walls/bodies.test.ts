/** No body, in whatever pieces it comes, holds up, fills or silences the service. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { startService, WINDOW } from "../http/running-service.js";
import { attack } from "./attacker.js";
import { mostTurnMs, watchLoop } from "./loop-watch.js";

const MIB = 2 ** 20;

const head = (length: string) =>
  `POST /v1/models/small/score HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${length}\r\n\r\n`;
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

test("a series that a client sends row by row, a chunk each, costs no more than in one piece", async (t) => {
  const { url } = await startService(t, { contents: { small: {} } });
  const textOf = (count: number): string => {
    const rows = Array.from({ length: count }, (_, i) => chunk(`[${i % 20},100000],`)).join("");
    return `${head("Transfer-Encoding: chunked")}${chunk('{"series":[')}${rows}${chunk('[1,1]],"stride":1000}')}0\r\n\r\n`;
  };
  // What is compiled at the first time is not measured.
  await attack({ url, text: textOf(10_000), times: 1, connections: 1, answers: 1 });
  const text = textOf(85_000);
  const loop = watchLoop();
  assert.equal(await attack({ url, text, times: 1, connections: 1, answers: 1, expected: 200 }), 1);
  const { longestMs, totalMs } = loop.end();
  assert.ok(longestMs <= mostTurnMs(), `a turn took ${longestMs} ms`);
  assert.ok(totalMs <= 5000, `it took ${totalMs} ms`);
});

test("400,000 chunks of a byte each cost what their bytes cost, not the square of their number", async (t) => {
  const { url } = await startService(t, { contents: { small: {} } });
  const text = `${head("Transfer-Encoding: chunked")}${"1\r\n \r\n".repeat(400_000)}0\r\n\r\n`;
  const loop = watchLoop();
  assert.equal(await attack({ url, text, times: 1, connections: 1, answers: 1, expected: 400 }), 1);
  const { totalMs } = loop.end();
  // Node itself takes microseconds a chunk.
  assert.ok(totalMs <= 10_000, `it took ${totalMs} ms`);
});

test("unfinished uploads fill no more than their share; others are answered, and the stalled are closed", async (t) => {
  const { url, score } = await startService(t, {
    contents: { small: {} },
    config: { RESIDUA_MAX_BODY_BYTES_IN_FLIGHT: 8 * MIB },
    timeouts: { stalledMs: 2000 },
  });
  const before = process.memoryUsage().rss;
  const { hostname, port } = new URL(url);
  const part = Buffer.alloc(4 * MIB - 10, 0x20);
  const uploads: Socket[] = [];
  for (let i = 0; i < 30; i++) {
    const socket = connect(Number(port), hostname).on("error", () => undefined);
    socket.resume().write(head(`Content-Length: ${4 * MIB}`));
    socket.write(part);
    uploads.push(socket);
  }
  t.after(() => uploads.forEach((socket) => void socket.destroy()));
  const large = JSON.stringify({ windows: Array(4000).fill(WINDOW), include: [] });
  for (;;) {
    const response = await score("small", `${large}${" ".repeat(4 * MIB)}`);
    const { code } = (await response.json()) as { code?: string };
    if (response.status === 200) continue;
    assert.equal(response.status, 429);
    assert.equal(code, "QUEUE_FULL");
    assert.match(response.headers.get("retry-after") ?? "", /^\d+$/);
    break;
  }
  for (let i = 0; i < 5; i++) assert.equal((await score("small", { windows: [WINDOW] })).status, 200);
  const grown = (process.memoryUsage().rss - before) / MIB;
  assert.ok(grown < 150, `${grown} MiB`);
  await Promise.all(uploads.map((socket) => socket.destroyed || closed(socket)));
  assert.equal((await score("small", large)).status, 200);
});

test("a client that takes nothing of its answer is closed, and what it held is given back", async (t) => {
  const { url, log, service } = await startService(t, {
    contents: { small: {} },
    config: { RESIDUA_WRITE_TIMEOUT_SECONDS: 0.3 },
  });
  const { hostname, port } = new URL(url);
  // More than the buffers of the connection take.
  const body = `{"series":[${"[20,1e5],".repeat(1_199_999)}[20,1e5]],"stride":1000}`;
  const socket = connect(Number(port), hostname).on("error", () => undefined);
  socket.pause().write(head(`Content-Length: ${body.length}`) + body);
  t.after(() => void socket.destroy());
  await lineOf(log, ({ code }) => code === "client_gone");
  assert.equal(await service.stop(), true);
});

test("what is wrong with a body costs ten messages and milliseconds, however much is wrong", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  const unknown = Array.from({ length: 38_000 }, (_, i) => `"k${i}":1`).join(",");
  const bodies = [
    `{"windows":[${"{},".repeat(150_000)}1]}`,
    `{"series":[${"[],".repeat(150_000)}1]}`,
    `{"windows":[${"[],".repeat(150_000)}}`,
    `{"windows":[[[1,1]]],${unknown}}`,
    "[".repeat(255_000) + "]".repeat(255_000),
  ];
  for (const body of bodies) {
    const loop = watchLoop();
    const response = await score("small", body);
    const { errors = [] } = (await response.json()) as { errors?: unknown[] };
    const { longestMs } = loop.end();
    assert.ok(response.status >= 400 && response.status < 500);
    assert.ok(errors.length <= 10);
    assert.ok(longestMs <= mostTurnMs(), `${body.slice(0, 20)}: a turn took ${longestMs} ms`);
  }
});

test("16 MiB of objects are refused before they are made; an honest body and a deadline do not wait for them", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  const hostile = [`{"windows":[${"{},".repeat(5_500_000)}1]}`, `{"series":[${"[],".repeat(5_500_000)}1]}`];
  const honest = `{"series":[${"[20,1e5],".repeat(99_999)}[20,1e5]],"stride":1000}`;
  const before = process.cpuUsage();
  const refused = [...hostile, ...hostile].map((body) => score("small", body));
  const answered = await score("small", honest);
  assert.equal(answered.status, 200);
  await answered.arrayBuffer();
  const late = await score("small", honest, { "x-request-timeout-ms": "1" });
  assert.equal(late.status, 504);
  for (const response of await Promise.all(refused)) assert.ok([400, 413, 422].includes(response.status));
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 15e6, `${(user + system) / 1e6} s of CPU`);
});

test("a large body is read no further than to the first row that is not of the model's shape", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  const fits = "[1,2],".repeat(50_000);
  const window = `[${Array(4).fill("[1,2]").join(",")}]`;
  for (const [body, path, detail] of [
    [`{"series":[${fits}[1],`, "/series/50000", /^Row 50000 of the series has 1 features;/],
    [`{"series":[${fits}[1,2,3],`, "/series/50000", /has 3 features;/],
    [`{"series":[${fits}[],`, "/series/50000", /has 0 features;/],
    [`{"series":[${fits}[1,[`, "/series/50000/1", /must be a number or null, not an array/],
    [`{"windows":[${`${window},`.repeat(5000)}[[1,2]],`, "/windows/5000", /^Window 5000 has 1 timesteps;/],
    [`{"windows":[${`${window},`.repeat(5000)}[[1,2],[1]`, "/windows/5000/1", /timestep 1, has 1 features;/],
  ] as const) {
    // What follows is no JSON, which nobody sees.
    const response = await score("small", `${body}}}}`);
    const problem = (await response.json()) as { detail: string; errors: { path: string }[] };
    assert.deepEqual([problem.errors[0]?.path, response.status >= 400], [path, true], problem.detail);
    assert.match(problem.detail, detail);
  }
  const sparse = `{"series":[${'{"temperature":1},'.repeat(5000)}{}],"stride":1000}`;
  assert.equal((await score("small", sparse)).status, 200);
});

test("names and lists beside the readings take milliseconds, however many they are", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  const names = Array.from({ length: 60_000 }, (_, i) => `"${i.toString(36)}"`).join(",");
  const nested = 1_000_000;
  for (const [body, status] of [
    [`{"series":[[1,2]],"columns":[${names}]}`, 400],
    [`{"series":[[1,2]],"timestamps":${"[".repeat(nested)}${"]".repeat(nested)}}`, 413],
  ] as const) {
    // The thread that reads it is started at the first time, which takes half a second.
    await (await score("small", body)).arrayBuffer();
    const before = process.cpuUsage();
    const loop = watchLoop();
    const response = await score("small", body);
    await response.arrayBuffer();
    const { longestMs } = loop.end();
    const { user, system } = process.cpuUsage(before);
    assert.equal(response.status, status);
    assert.ok(longestMs <= mostTurnMs(), `${body.slice(0, 40)}: a turn took ${longestMs} ms`);
    assert.ok(user + system < 1e6, `${body.slice(0, 40)}: ${(user + system) / 1e6} s of CPU`);
  }
});

test("a data file of 6 MB is read beside the event loop", async (t) => {
  const { url } = await startService(t, { contents: { small: {} } });
  const post = (rows: number) =>
    fetch(`${url}/v1/models/small/readings?file=data.csv`, {
      method: "POST",
      headers: { "content-type": "text/csv" },
      body: `temperature,pressure\n${"20.125,100012.5\n".repeat(rows)}`,
    });
  await post(10).then((response) => response.arrayBuffer());
  const loop = watchLoop();
  const response = await post(400_000);
  const text = await response.text();
  const { longestMs } = loop.end();
  assert.deepEqual([response.status, text.length > 2_000_000], [200, true]);
  // The client of this test is in the same process.
  assert.ok(longestMs <= mostTurnMs(), `a turn took ${longestMs} ms`);
});

test("a body of few bytes, whose first line has names for thousands of columns, is read beside the event loop", async (t) => {
  const { url } = await startService(t, { contents: { small: {} } });
  const send = async (path: string, type: string, body: string): Promise<number> => {
    const headers = { "content-type": type };
    const response = await fetch(`${url}/v1/models/small/${path}`, { method: "POST", headers, body });
    await response.arrayBuffer();
    return response.status;
  };
  const names = Array.from({ length: 3000 }, (_, i) => `"n${i}":1`).join(",");
  const rows = '{"temperature":20,"pressure":1e5}\n'.repeat(900);
  const body = `{"temperature":20,"pressure":1e5,${names}}\n${rows}`;
  assert.ok(body.length < 65_536);
  for (const path of ["score", "readings"]) {
    assert.equal(await send(path, "application/x-ndjson", rows), 200);
    const loop = watchLoop();
    await send(path, "application/x-ndjson", body);
    const { longestMs } = loop.end();
    assert.ok(longestMs <= mostTurnMs(), `${path}: a turn took ${longestMs} ms`);
  }
});

test("a long series whose key is written with escapes is one all the same", async (t) => {
  const { score } = await startService(t, {
    contents: { small: {} },
    config: { RESIDUA_MAX_QUEUE_WINDOWS: 64 },
  });
  // More rows than 64 windows and what else a request may hold.
  const rows = "[20,1e5],".repeat(199_999);
  const scored = await score("small", `{"s\\u0065ries":[${rows}[20,1e5]],"stride":1000}`);
  assert.equal(scored.status, 200, await scored.text());
  const refused = await score("small", `{"s\\u0065ries":[${rows}[20]],"stride":1000}`);
  const { errors } = (await refused.json()) as { errors: { path: string }[] };
  assert.deepEqual([refused.status, errors[0]?.path], [422, "/series/199999"]);
});

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

/** Resolves when the log has such a line. */
async function lineOf(
  log: readonly Record<string, unknown>[],
  isIt: (line: Record<string, unknown>) => boolean,
): Promise<void> {
  while (!log.some(isIt)) await new Promise((resolve) => setImmediate(resolve));
}
