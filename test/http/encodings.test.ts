/** Compressed requests and answers, over a socket. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import * as zlib from "node:zlib";
import { repository } from "../server-process.js";
import { binaryBody, decode, flat, infer, input } from "./inference-client.js";
import { startService, WINDOW } from "./running-service.js";

const ENCODE = {
  gzip: zlib.gzipSync,
  "x-gzip": zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: zlib.brotliCompressSync,
} as const;
const DECODE: Readonly<Record<string, (bytes: Uint8Array) => Buffer>> = {
  gzip: zlib.gunzipSync,
  deflate: zlib.inflateSync,
  br: zlib.brotliDecompressSync,
};
const BODY = JSON.stringify({ windows: [WINDOW, WINDOW] });

/** Node's fetch would decode the answer. */
async function send(
  url: string,
  headers: Record<string, string>,
  body?: string | Uint8Array,
): Promise<IncomingMessage> {
  const call = request(url, { method: body === undefined ? "GET" : "POST", headers });
  call.end(body);
  const [response] = (await once(call, "response")) as [IncomingMessage];
  return response;
}

const scores = async (response: Response): Promise<unknown> => {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  const { timing, ...others } = JSON.parse(text) as Record<string, unknown>;
  return others;
};

test("a compressed body is scored as the same body sent as it is, native and inference", async (t) => {
  const service = await startService(t);
  const plain = await scores(await service.score("small", BODY));
  for (const [coding, compress] of Object.entries(ENCODE)) {
    for (const name of [coding, coding.toUpperCase()]) {
      const headers = { "content-encoding": name };
      assert.deepEqual(await scores(await service.score("small", compress(BODY), headers)), plain, name);
    }
    const outputs = [{ name: "score", parameters: { binary_data: true } }];
    const inputs = [{ ...input(), data: undefined, parameters: { binary_data_size: 8 * flat.length } }];
    const tensor = Float64Array.from(flat, (value) => value ?? Number.NaN);
    const { bytes, headers } = binaryBody({ inputs, outputs }, tensor);
    const expected = await decode(await infer(service, "small", bytes, headers));
    const answer = await infer(service, "small", compress(bytes), { ...headers, "content-encoding": coding });
    assert.deepEqual(await decode(answer), expected);
  }
  const identity = await service.score("small", BODY, { "content-encoding": "identity" });
  assert.deepEqual(await scores(identity), plain);
});

test("a file of gzip members sent as it is gets its scores", async (t) => {
  const service = await startService(t);
  const file = readFileSync(join(repository, "test", "fixtures", "series.json.gz"));
  const { timesteps } = (await scores(
    await service.score("small", file, { "content-encoding": "gzip" }),
  )) as { timesteps: { score: number[] } };
  const { series } = JSON.parse(zlib.gunzipSync(file).toString()) as { series: unknown[] };
  assert.equal(timesteps.score.length, series.length);
  const members = Buffer.concat([zlib.gzipSync(BODY.slice(0, 20)), zlib.gzipSync(BODY.slice(20))]);
  await scores(await service.score("small", members, { "content-encoding": "gzip" }));
});

test("the limit counts decoded bytes, and no more than that is decoded", async (t) => {
  const service = await startService(t, { config: { RESIDUA_BODY_LIMIT_BYTES: 100_000 } });
  const status = async (body: Uint8Array, coding: string) => {
    const response = await service.score("small", body, { "content-encoding": coding });
    const { code } = (await response.json()) as { code: string };
    return `${response.status} ${code}`;
  };
  const spaces = (count: number) => BODY + " ".repeat(count - BODY.length);
  for (const [coding, compress] of Object.entries(ENCODE)) {
    assert.equal(await status(compress(spaces(100_000)), coding), "200 undefined");
    assert.equal(await status(compress(spaces(100_001)), coding), "413 BODY_TOO_LARGE");
  }
  // 64 GiB, which would take minutes to decode.
  const member = zlib.gzipSync(Buffer.alloc(64 * 2 ** 20));
  const bomb = Buffer.concat(Array.from({ length: 1024 }, () => member));
  const started = performance.now();
  assert.equal(await status(bomb, "gzip"), "413 BODY_TOO_LARGE");
  assert.ok(performance.now() - started < 20_000);
  await scores(await service.score("small", BODY));
});

test("data that are not what Content-Encoding says are 400, an unknown encoding 415 with what is taken", async (t) => {
  const { url, score } = await startService(t, { config: { RESIDUA_ADMIN_TOKEN: "t" } });
  for (const [coding, compress] of Object.entries(ENCODE)) {
    const good = compress(BODY);
    for (const bad of [
      Buffer.from(BODY),
      good.subarray(0, good.length - 5),
      Buffer.concat([good, Buffer.from("more of it")]),
      Buffer.alloc(0),
    ]) {
      const response = await score("small", bad, { "content-encoding": coding });
      const { code, detail } = (await response.json()) as { code: string; detail: string };
      assert.equal(response.status, 400, `${coding} ${bad.length}: ${detail}`);
      assert.ok(code === "INVALID_REQUEST" || bad.length === 0, detail);
      if (bad.length > 0) assert.ok(detail.includes(coding), detail);
    }
  }
  for (const coding of ["zstd", "gzip, gzip", "compress"]) {
    const response = await score("small", BODY, { "content-encoding": coding });
    assert.equal(response.status, 415);
    assert.equal(response.headers.get("accept-encoding"), "gzip, deflate, br");
    assert.match(((await response.json()) as { detail: string }).detail, /gzip, deflate, br or none, not "/);
  }
  // With this header, RFC 7694 says, a 415 is about the encoding.
  const csv = await score("small", BODY, { "content-type": "application/pdf" });
  assert.equal(csv.status, 415);
  assert.equal(csv.headers.get("accept-encoding"), null);
  const alias = await fetch(`${url}/v1/models/small/aliases/stable`, {
    method: "PUT",
    headers: { authorization: "Bearer t", "content-type": "application/json", "content-encoding": "gzip" },
    body: zlib.gzipSync('{"version":"1"}'),
  });
  assert.equal(alias.status, 200);
});

test("answers of more than 1 KiB are compressed for those who ask", async (t) => {
  const { url } = await startService(t);
  const path = `${url}/v1/models/small/score`;
  const json = { "content-type": "application/json" };
  const body = JSON.stringify({ windows: Array.from({ length: 40 }, () => WINDOW) });
  const plain = await send(path, json, body);
  assert.equal(plain.headers["content-encoding"], undefined);
  assert.equal(plain.headers.vary, "Accept-Encoding");
  const { timing, ...expected } = JSON.parse((await buffer(plain)).toString()) as Record<string, unknown>;
  for (const [asked, coding] of [
    ["gzip", "gzip"],
    ["deflate", "deflate"],
    ["br", "br"],
    ["*", "gzip"],
    ["gzip;q=0.2, br;q=0.9", "br"],
    ["gzip;q=0, *;q=0.1", "deflate"],
    ["gzip, deflate, br, zstd", "gzip"],
    ["zstd", undefined],
    ["gzip;q=0", undefined],
    ["identity, gzip;q=0.5", undefined],
  ] as const) {
    const answer = await send(path, { ...json, "accept-encoding": asked }, body);
    const bytes = await buffer(answer);
    assert.equal(answer.headers["content-encoding"], coding, asked);
    assert.equal(answer.headers.vary, "Accept-Encoding");
    assert.equal(answer.headers["content-length"], String(bytes.length));
    const text = coding === undefined ? bytes : DECODE[coding]!(bytes);
    const { timing: _, ...found } = JSON.parse(text.toString()) as Record<string, unknown>;
    assert.deepEqual(found, expected, asked);
    const short = await send(path, { ...json, "accept-encoding": asked }, '{"windows":[]}');
    assert.equal(short.headers["content-encoding"], undefined);
    await buffer(short);
  }
  const listing = await send(`${url}/openapi.json`, { "accept-encoding": "br" });
  assert.equal(listing.headers["content-encoding"], "br");
  JSON.parse(zlib.brotliDecompressSync(await buffer(listing)).toString());
});

for (const coding of ["gzip", "deflate", "br"]) {
  test(`${coding}: the lines of a long series arrive while it is scored, each piece complete`, async (t) => {
    const { url } = await startService(t, { config: { RESIDUA_MAX_QUEUE_WINDOWS: 64 } });
    const rows = 20_000;
    const series = Array.from({ length: rows }, (_, i) => [20 + (i % 5), 1e5 + (i % 7)]);
    const answer = await send(
      `${url}/v1/models/small/score`,
      { "content-type": "application/json", accept: "application/x-ndjson", "accept-encoding": coding },
      JSON.stringify({ series }),
    );
    assert.equal(answer.headers["content-encoding"], coding);
    const decoder = { gzip: zlib.createGunzip, deflate: zlib.createInflate, br: zlib.createBrotliDecompress }[
      coding
    ]!();
    const text = buffer(decoder);
    let pieces = 0;
    for await (const piece of answer) {
      pieces += 1;
      decoder.write(piece);
    }
    decoder.end();
    assert.ok(pieces > 4);
    const lines = (await text).toString().trimEnd().split("\n");
    assert.ok(lines.length >= rows + 2);
    for (const line of lines) JSON.parse(line);
  });
}
