/** No body keeps a thread that reads bodies for long, or others from being read. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { startService } from "../http/running-service.js";
import { repeatedRows } from "./wide-parquet.js";

const READINGS = "/v1/models/small/readings";
const SCORE = "/v1/models/small/score";
const PARQUET = "application/vnd.apache.parquet";
const JSON_TYPE = "application/json";
/** To be read on a thread. */
const honest = `{"series":[${"[20,1e5],".repeat(99_999)}[20,1e5]],"stride":1000}`;

/** Too many rows for any machine to read them within the time of a test, in a few kilobytes. */
const hostile = repeatedRows(8_000_000);

interface Sent {
  readonly path: string;
  readonly type: string;
  readonly body: string | Uint8Array;
  /** The client's address, of which Linux has more than one on a machine. */
  readonly from?: string;
  readonly hangUp?: AbortSignal;
}

/** Status and body of the answer. */
function post(
  url: string,
  { path, type, body, from, hangUp }: Sent,
): Promise<{ status: number; text: string }> {
  const options = {
    ...{ method: "POST", agent: false, headers: { "content-type": type } },
    ...(from === undefined ? {} : { localAddress: from }),
    ...(hangUp === undefined ? {} : { signal: hangUp }),
  } as const;
  return new Promise((resolve, reject) => {
    request(`${url}${path}`, options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.once("end", () => resolve({ status: response.statusCode!, text }));
    })
      .once("error", reject)
      .end(body);
  });
}

test("8 million rows in a few kilobytes are given up after their time, and the threads go on", async (t) => {
  assert.ok(hostile.length < 10_000);
  const { url } = await startService(t, { contents: { small: {} }, timeouts: { readingMs: 4000 } });
  const sent = { path: READINGS, type: PARQUET, body: hostile };
  for (const { status, text } of await Promise.all([post(url, sent), post(url, sent)])) {
    assert.equal(status, 504);
    assert.match(text, /"code":"DEADLINE_EXCEEDED"/);
    assert.match(
      text,
      /still being read after 5 s, the most that one of \d+ bytes may take; send it in parts\./,
    );
  }
  const rows = "20,100000\n".repeat(10_000);
  const table = { path: READINGS, type: "text/csv", body: `temperature,pressure\n${rows}` };
  assert.equal((await post(url, table)).status, 200);
});

test("while bodies that take long are read, one from another address is answered", {
  // Only Linux answers on all of 127.0.0.0/8.
  skip: process.platform !== "linux",
}, async (t) => {
  const { url } = await startService(t, { contents: { small: {} } });
  const hangUp = new AbortController();
  let ended = 0;
  const held = Array.from({ length: 4 }, () =>
    post(url, { path: READINGS, type: PARQUET, body: hostile, hangUp: hangUp.signal })
      .catch(() => undefined)
      .then(() => (ended += 1)),
  );
  const other = await post(url, { path: SCORE, type: JSON_TYPE, body: honest, from: "127.0.0.2" });
  assert.equal(other.status, 200);
  assert.equal((await fetch(`${url}/livez`)).status, 200);
  assert.equal(ended, 0, "the hostile bodies were over too early for this to say anything");
  hangUp.abort();
  await Promise.all(held);
});
