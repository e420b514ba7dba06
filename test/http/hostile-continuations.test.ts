/** Continuations that do not fit their request, are damaged or forged. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { RunningService } from "./running-service.js";
import { makeWaves, STEP_MS, serveTrained } from "./trained-service.js";

async function send(
  score: RunningService["score"],
  model: string,
  body: object,
): Promise<{ continuation: string }> {
  const response = await score(model, body);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as { continuation: string };
}

async function refused(response: Response): Promise<{ code: string; detail: string; path: string }> {
  const { code, detail, errors } = (await response.json()) as {
    code: string;
    detail: string;
    errors: { path: string }[];
  };
  assert.equal(response.status, 400, detail);
  return { code, detail, path: errors[0]!.path };
}

test("a continuation that does not fit the request is refused with the reason", async (t) => {
  const { score } = await serveTrained(t);
  const series = makeWaves(23, 40);
  const { continuation } = await send(score, "waves", { series, continuation: "" });
  for (const [options, detail] of [
    [{ stride: 2 }, /stride 1, not 2/],
    [{ threshold: { value: 1 } }, /another scorer or threshold/],
  ] as const) {
    const problem = await refused(await score("waves", { series, continuation, ...options }));
    assert.deepEqual([problem.code, problem.path], ["CONTINUATION_INVALID", "/continuation"]);
    assert.match(problem.detail, detail);
  }
  const timestamps = series.map((_, row) => 1e12 + row * STEP_MS);
  const without = await refused(await score("waves", { series, continuation, timestamps }));
  assert.deepEqual([without.code, without.path], ["INVALID_REQUEST", "/timestamps"]);
  const timed = await send(score, "waves", { series, timestamps, continuation: "" });
  const again = await refused(await score("waves", { series, timestamps, continuation: timed.continuation }));
  assert.deepEqual([again.code, again.path], ["INVALID_REQUEST", "/timestamps/0"]);
  assert.equal((await refused(await score("waves", { series: [], continuation }))).code, "INVALID_REQUEST");
  const other = await serveTrained(t, "--seed", "9");
  const problem = await refused(await other.score("waves", { series, continuation }));
  assert.equal(problem.code, "CONTINUATION_INVALID");
  assert.match(problem.detail, /another version/);
});

test("no string makes the service fail: damaged ones are refused, forged ones are at most wrong", async (t) => {
  const { score } = await serveTrained(t);
  const series = makeWaves(24, 300, (row) => (row >= 200 ? 2 : 0));
  const { continuation } = await send(score, "waves", { series, continuation: "" });
  const text = continuation;
  const body = { series: makeWaves(25, 3) };
  const changed = fc.oneof(
    fc.string({ minLength: 1, maxLength: 300 }),
    fc.base64String({ minLength: 1, maxLength: 300 }),
    fc.nat(text.length - 1).map((end) => text.slice(0, Math.max(1, end))),
    fc
      .tuple(fc.nat(text.length - 1), fc.constantFrom(..."AZaz09-_+/=\u0000"))
      .map(([at, char]) => text.slice(0, at) + char + text.slice(at + 1)),
    fc.string({ minLength: 1, maxLength: 5 }).map((more) => text + more),
  );
  await fc.assert(
    fc.asyncProperty(
      changed.filter((value) => value !== text),
      async (value) => {
        const problem = await refused(await score("waves", { ...body, continuation: value }));
        assert.equal(problem.code, "CONTINUATION_INVALID");
      },
    ),
    { numRuns: 200 },
  );
  // Whoever reads the code can make the checksum right.
  const bytes = Buffer.from(text, "base64url");
  const jsonAt = 48;
  const json = bytes.toString("utf8", jsonAt, jsonAt + bytes.readUInt32LE(jsonAt - 4));
  const numbers = [...json.matchAll(/-?\d+(\.\d+)?(e[+-]?\d+)?|null|\[|\{/g)];
  const binary = bytes.subarray(jsonAt + Buffer.byteLength(json));
  const forge = (members: string, rest: Buffer): string => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(Buffer.byteLength(members));
    const tail = Buffer.concat([bytes.subarray(12, 44), length, Buffer.from(members), rest]);
    const check = createHash("sha256").update(tail).digest().subarray(0, 8);
    return Buffer.concat([bytes.subarray(0, 4), check, tail]).toString("base64url");
  };
  assert.equal(forge(json, binary), text);
  const wild = fc.constantFrom("-1", "0", "1", "3.5", "1e300", "9007199254740991", "null", '"x"', "[]", "{}");
  const forged = fc.oneof(
    fc.tuple(fc.nat(numbers.length - 1), wild).map(([i, value]) => {
      const { index, 0: was } = numbers[i]!;
      return forge(json.slice(0, index) + value + json.slice(index + was.length), binary);
    }),
    fc.tuple(fc.nat(binary.length - 1), fc.nat(255)).map(([at, byte]) => {
      const rest = Buffer.from(binary);
      rest[at] = byte;
      return forge(json, rest);
    }),
    fc.nat(binary.length - 1).map((length) => forge(json, binary.subarray(0, length))),
  );
  await fc.assert(
    fc.asyncProperty(forged, async (value) => {
      const response = await score("waves", { ...body, continuation: value });
      const answer = (await response.json()) as { code?: string };
      assert.ok(response.status === 200 || response.status === 400, JSON.stringify(answer));
      // A forged last time makes a request without timestamps wrong.
      const codes = ["CONTINUATION_INVALID", "INVALID_REQUEST"];
      if (response.status === 400) assert.ok(codes.includes(answer.code!), answer.code);
    }),
    { numRuns: 300 },
  );
});
