/** Clients behind one proxy are told apart where it is trusted, and by nobody else's word. */
import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { test } from "node:test";
import { InputError } from "../../src/errors.js";
import { startService, WINDOW } from "../http/running-service.js";

// Only Linux answers on all of 127.0.0.0/8.
const skip = process.platform !== "linux";

interface Sent {
  readonly windows: number;
  readonly agent: Agent;
  /** The header X-Forwarded-For. */
  readonly forwarded: string;
}

/** The status that a score request is answered with. */
function statusOf(url: string, { windows, agent, forwarded }: Sent): Promise<number> {
  const headers = { "content-type": "application/json", "x-forwarded-for": forwarded };
  return new Promise((resolve, reject) => {
    request(`${url}/v1/models/small/score`, { method: "POST", agent, headers }, (response) =>
      response.resume().once("end", () => resolve(response.statusCode!)),
    )
      .once("error", reject)
      .end(JSON.stringify({ windows: Array(windows).fill(WINDOW), include: [] }));
  });
}

for (const [trusted, expected] of [
  ["127.0.0.2", ["127.0.0.1", "203.0.113.9"]],
  ["::1,127.0.0.0/30, 203.0.113.9", ["198.51.100.7", "198.51.100.7"]],
  [undefined, [undefined, undefined]],
] as const) {
  test(`the log names the client as proxies at ${trusted} say, and nobody else`, { skip }, async (t) => {
    const { url, log } = await startService(t, {
      contents: { small: {} },
      config: trusted === undefined ? {} : { RESIDUA_TRUST_PROXY: trusted },
    });
    const clients = [];
    for (const localAddress of ["127.0.0.1", "127.0.0.2"]) {
      const agent = new Agent({ localAddress });
      const forwarded = "192.0.2.1, 198.51.100.7, 203.0.113.9";
      assert.equal(await statusOf(url, { windows: 1, agent, forwarded }), 200);
      let line: Record<string, unknown> | undefined;
      do {
        await new Promise((resolve) => setImmediate(resolve));
        line = log.filter(({ path }) => path === "/v1/models/small/score")[clients.length];
      } while (line === undefined);
      clients.push(line["client"]);
    }
    assert.deepEqual(clients, expected);
  });
}

test("beside 100 connections of one client that fill the queue, another behind the same proxy is answered", {
  skip,
}, async (t) => {
  const { url } = await startService(t, {
    contents: { small: {} },
    config: { RESIDUA_MAX_QUEUE_WINDOWS: 2048, RESIDUA_TRUST_PROXY: "127.0.0.0/8" },
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 200 });
  let isOver = false;
  let refused = 0;
  const busy = Array.from({ length: 100 }, async () => {
    while (!isOver)
      if ((await statusOf(url, { windows: 64, agent, forwarded: "192.0.2.1" })) === 429) refused += 1;
  });
  while (refused === 0) await new Promise((resolve) => setImmediate(resolve));
  for (let i = 0; i < 10; i++) {
    assert.equal(await statusOf(url, { windows: 200, agent, forwarded: "192.0.2.2" }), 200);
  }
  isOver = true;
  await Promise.all(busy);
  agent.destroy();
});

test("what is no address ends the start with the setting's name", async (t) => {
  for (const wrong of ["10.0.0.0/33", "1", "10.0.0.256", "::1/129"]) {
    await assert.rejects(
      startService(t, { contents: { small: {} }, config: { RESIDUA_TRUST_PROXY: wrong } }),
      (error) => error instanceof InputError && error.message.includes(`"${wrong}" is neither`),
    );
  }
});
