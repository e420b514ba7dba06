/** Bodies that are read on a thread of their own: the same answers and the same refusals. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startService, WINDOW } from "./running-service.js";

const COUNT = 12_000;

interface Answer {
  readonly code?: string;
  readonly detail?: string;
  readonly errors?: { path: string }[];
  readonly windows?: { score: number }[];
  readonly timesteps?: { score: number[] };
  readonly outputs?: { data: number[] }[];
}

test("a large body is answered as a small one is", async (t) => {
  const { url, score } = await startService(t, {
    contents: { small: {} },
    config: { RESIDUA_MAX_QUEUE_WINDOWS: COUNT },
  });
  const read = async (response: Response) => ({
    status: response.status,
    body: (await response.json()) as Answer,
  });
  const windows: unknown[][][] = Array.from({ length: COUNT }, (_, i) =>
    WINDOW.map(([a, b]) => [a! + (i % 100) / 100, b!]),
  );
  const body = JSON.stringify({ windows, include: [] });
  assert.ok(body.length > 600_000);
  const large = await read(await score("small", body));
  assert.equal(large.status, 200, large.body.detail);
  assert.equal(large.body.windows?.length, COUNT);
  const last = await read(await score("small", { windows: [windows.at(-1)], include: [] }));
  assert.deepEqual(large.body.windows?.at(-1), last.body.windows?.[0]);

  const wrong = await read(await score("small", body.replace(/\d+\]\]\]/, '"x"]]]')));
  assert.equal(wrong.status, 400);
  assert.equal(wrong.body.code, "INVALID_REQUEST");
  assert.equal(wrong.body.errors?.[0]?.path, `/windows/${COUNT - 1}/3/1`);
  const broken = await read(await score("small", body.slice(0, -30)));
  assert.equal(broken.body.code, "INVALID_JSON");
  assert.match(broken.body.detail ?? "", new RegExp(`character ${body.length - 30}`));

  const series = windows.flat();
  const timestamps = series.map((_, row) => 1.7e12 + row * 1000);
  const stitched = await read(await score("small", { series, timestamps, stride: 4 }));
  assert.equal(stitched.status, 200, stitched.body.detail);
  assert.equal(stitched.body.timesteps?.score.length, series.length);
  assert.equal(stitched.body.timesteps?.score.at(-1), last.body.windows?.[0]?.score);

  const inferred = await read(
    await fetch(`${url}/v2/models/small/infer`, {
      method: "POST",
      body: JSON.stringify({
        inputs: [{ name: "windows", shape: [COUNT, 4, 2], datatype: "FP64", data: windows }],
        outputs: [{ name: "score" }],
      }),
    }),
  );
  assert.equal(inferred.status, 200);
  assert.deepEqual(
    inferred.body.outputs?.[0]?.data,
    large.body.windows?.map((window) => window.score),
  );
});

test("a body far above the limit is refused even while its client is still sending", async (t) => {
  const { score } = await startService(t, {
    contents: { small: {} },
    config: { RESIDUA_BODY_LIMIT_BYTES: 100_000 },
  });
  const response = await score("small", Buffer.alloc(20_000_000, 0x20));
  assert.equal(response.status, 413);
  const { code, detail } = (await response.json()) as Answer;
  assert.equal(code, "BODY_TOO_LARGE");
  assert.match(detail ?? "", /100000 bytes/);
});
