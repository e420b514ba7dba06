import assert from "node:assert/strict";
import { test } from "node:test";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { readBundle } from "../../src/registry/bundle.js";
import { prepareWindows, scoreWindows, unscaleHead } from "../../src/scoring/window-scoring.js";
import { startService, WINDOW } from "./running-service.js";

interface ScoredWindow {
  readonly score: number | null;
  readonly pValue: number | null;
  readonly anomalous: boolean | null;
  readonly coverage: number;
  readonly saturated?: true;
  readonly timestepError?: (number | null)[];
  readonly featureError?: (number | null)[];
  readonly headError?: Record<string, (number | null)[]>;
  readonly reconstruction?: (number | null)[][];
  readonly prediction?: (number | null)[][];
  readonly embedding?: (number | null)[];
}
interface Scored {
  readonly model: Record<string, string>;
  readonly threshold: { value: number; method: string; scorer: string; falseAlarmRate: number | null } | null;
  readonly windows: ScoredWindow[];
  readonly timing: { queueMs: number; computeMs: number };
}

const scored = async (response: Response): Promise<Scored> => {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as Scored;
};

test("the answer is what engine and scoring say, with the digits it carries", async (t) => {
  const { folder, score } = await startService(t);
  const bundle = await readBundle(`${folder}/composite/1`);
  const engine = await createWasmEngine({ threads: 1 });
  t.after(() => engine.close());
  const executable = await engine.compile(bundle.network, bundle.weights);
  const model = bundle.scoring;
  const prepared = prepareWindows(model, Float64Array.from(WINDOW.flat()), 1);
  const outputs = await executable.run(prepared.scaled, 1);
  const expected = scoreWindows(model, "squared", prepared, outputs);

  const include = ["reconstruction", "prediction", "timestepError", "featureError", "headError", "embedding"];
  const answer = await scored(await score("composite", { windows: [WINDOW], include }));
  assert.deepEqual(Object.keys(answer), ["model", "threshold", "windows", "timing"]);
  assert.deepEqual(answer.model, {
    name: "composite",
    version: "1",
    sha256: bundle.sha256,
    engine: "wasm",
    device: "cpu",
  });
  assert.deepEqual(answer.threshold, {
    value: 0.115,
    method: "conformal",
    scorer: "squared",
    falseAlarmRate: 0.05,
  });
  const window = answer.windows[0]!;
  const float32 = (values: Iterable<number | null>): number[] =>
    [...values].map((value) => Math.fround(value!));
  const rounded = (values: Iterable<number>): number[] => [...values].map(Math.fround);
  assert.equal(Math.fround(window.score!), Math.fround(expected.score[0]!));
  assert.equal(window.coverage, 1);
  assert.equal(window.anomalous, window.score! > 0.115);
  assert.ok(!("saturated" in window));
  assert.deepEqual(float32(window.timestepError!), rounded(expected.timestepError));
  assert.deepEqual(window.timestepError, window.headError!["reconstruction"]);
  assert.deepEqual(float32(window.featureError!), rounded(expected.featureError));
  assert.deepEqual(float32(window.headError!["prediction"]!), rounded(expected.headErrors[1]!));
  assert.deepEqual(float32(window.embedding!), [...outputs.embedding]);
  for (const [head, name] of [window.reconstruction!, window.prediction!].entries()) {
    const values = unscaleHead(model, head, outputs);
    for (const [i, value] of name.flat().entries()) {
      const scale = model.scaler.scale[i % 2]!;
      assert.ok(Math.abs(value! - values[i]!) <= 0.5e-7 * scale);
      assert.ok(String(value).length < 16);
    }
  }
});

test("include decides what is there; by default timestepError and every head", async (t) => {
  const { score } = await startService(t);
  const keys = async (model: string, body: object): Promise<string[]> => {
    const { windows } = await scored(await score(model, { windows: [WINDOW], ...body }));
    return Object.keys(windows[0]!).slice(4);
  };
  assert.deepEqual(await keys("small", {}), ["timestepError", "reconstruction"]);
  assert.deepEqual(await keys("composite", {}), ["timestepError", "reconstruction", "prediction"]);
  assert.deepEqual(await keys("composite", { include: [] }), []);
  assert.deepEqual(await keys("composite", { include: ["embedding", "prediction"] }), [
    "prediction",
    "embedding",
  ]);
});

test("null is a missing reading: it counts in no error, and too many leave no verdict", async (t) => {
  const { score } = await startService(t);
  const missing = WINDOW.map((row, t) => (t === 1 ? [null, null] : row));
  const { windows } = await scored(await score("small", { windows: [missing] }));
  assert.equal(windows[0]!.coverage, 0.75);
  assert.equal(windows[0]!.timestepError![1], null);
  assert.notEqual(windows[0]!.anomalous, null);

  const sparse = WINDOW.map((row, t) => (t === 0 ? row : [null, null]));
  const few = await scored(await score("small", { windows: [sparse] }));
  assert.equal(few.windows[0]!.anomalous, null);
  assert.notEqual(few.windows[0]!.score, null);

  const nothing = WINDOW.map(() => [null, null]);
  const none = await scored(await score("small", { windows: [nothing] }));
  assert.deepEqual(
    { ...none.windows[0], reconstruction: undefined },
    {
      score: null,
      pValue: null,
      anomalous: null,
      coverage: 0,
      timestepError: [null, null, null, null],
      reconstruction: undefined,
    },
  );
});

test("a threshold of one's own is applied and named", async (t) => {
  const { score } = await startService(t);
  const ask = async (threshold: object): Promise<Scored> =>
    scored(await score("small", { windows: [WINDOW], include: [], threshold }));
  const high = await ask({ value: 1e9 });
  assert.deepEqual(high.threshold, { value: 1e9, method: "value", scorer: "squared", falseAlarmRate: null });
  assert.equal(high.windows[0]!.anomalous, false);
  const rate = await ask({ falseAlarmRate: 0.5 });
  assert.equal(rate.threshold?.method, "conformal");
  assert.equal(rate.threshold?.falseAlarmRate, 0.5);
  const { score: value, pValue, anomalous } = rate.windows[0]!;
  assert.equal(anomalous, pValue! <= 0.5);
  assert.equal(anomalous, value! > rate.threshold!.value);
});

test("without calibration there is no p-value and no verdict, and no rate can be asked for", async (t) => {
  const { score } = await startService(t, {
    contents: { small: { calibration: undefined, threshold: null, scorers: ["squared", "absolute"] } },
  });
  const answer = await scored(await score("small", { windows: [WINDOW], scorer: "absolute" }));
  assert.equal(answer.threshold, null);
  assert.equal(answer.windows[0]!.pValue, null);
  assert.equal(answer.windows[0]!.anomalous, null);
  const refused = await score("small", { windows: [WINDOW], threshold: { falseAlarmRate: 0.1 } });
  assert.equal(refused.status, 422);
  assert.equal(((await refused.json()) as { code: string }).code, "UNSUPPORTED_BY_MODEL");
});

test("any finite reading is scored; where no clip holds it back, errors saturate", async (t) => {
  const { score } = await startService(t, {
    contents: { small: { clip: null, scaler: { kind: "none", offset: [0, 0], scale: [1, 1] } } },
  });
  const wild = WINDOW.map(() => [1e300, -1.7976931348623157e308]);
  const { windows } = await scored(await score("small", { windows: [wild] }));
  assert.equal(windows[0]!.score, 3.4028235e38);
  assert.equal(windows[0]!.anomalous, true);
});

test("a large answer is the same as many small ones", async (t) => {
  const { score } = await startService(t);
  const windows = Array.from({ length: 3000 }, (_, i) => WINDOW.map(([a, b]) => [a! + i / 1000, b!]));
  const large = await scored(await score("small", { windows }));
  assert.equal(large.windows.length, 3000);
  for (const i of [0, 1, 1234, 2999]) {
    const alone = await scored(await score("small", { windows: [windows[i]] }));
    assert.deepEqual(large.windows[i], alone.windows[0]);
  }
});

test("a version or an alias can be asked for, and what is not there is said with what is", async (t) => {
  const { url, score, folder } = await startService(t);
  const problem = async (path: string, init?: RequestInit) => {
    const response = await fetch(url + path, init);
    return { status: response.status, ...((await response.json()) as { code: string; detail: string }) };
  };
  const body = JSON.stringify({ windows: [WINDOW], include: [] });
  const post = { method: "POST", headers: { "content-type": "application/json" }, body };
  await scored(await fetch(`${url}/v1/models/small/score?version=1`, post));
  assert.ok(folder.length > 0);
  const noModel = await problem("/v1/models/nope/score", post);
  assert.equal(noModel.status, 404);
  assert.equal(noModel.code, "MODEL_NOT_FOUND");
  assert.match(noModel.detail, /small/);
  assert.equal((await problem("/v1/models/small/score?version=9", post)).code, "VERSION_NOT_FOUND");
  assert.equal((await problem("/v1/models/small/score?alias=beta", post)).code, "ALIAS_NOT_FOUND");
  assert.equal((await problem("/v1/models/small/score?version=1&alias=a", post)).code, "INVALID_REQUEST");
  assert.equal((await problem("/v1/models/small/score?versoin=1", post)).code, "INVALID_REQUEST");
  assert.equal((await problem("/v1/models/small/score?version=1&version=2", post)).code, "INVALID_REQUEST");
  assert.equal((await score("small", { windows: [WINDOW] })).status, 200);
});

test("content types: JSON in UTF-8 and nothing else", async (t) => {
  const { url } = await startService(t, { contents: { small: {} } });
  const status = async (contentType: string | undefined): Promise<number> => {
    const response = await fetch(`${url}/v1/models/small/score`, {
      method: "POST",
      headers: contentType === undefined ? {} : { "content-type": contentType },
      body: Buffer.from(JSON.stringify({ windows: [WINDOW] })),
    });
    await response.arrayBuffer();
    return response.status;
  };
  for (const type of [
    "application/json",
    "application/json; charset=utf-8",
    "Application/JSON;charset=UTF-8",
  ]) {
    assert.equal(await status(type), 200, type);
  }
  for (const type of [undefined, "text/plain", "text/xml", "application/json; charset=utf-16", "nonsense"]) {
    assert.equal(await status(type), 415, type);
  }
});

test("no body at all is an empty one", async (t) => {
  const { url } = await startService(t, { contents: { small: {} } });
  const response = await fetch(`${url}/v1/models/small/score`, { method: "POST" });
  assert.equal(response.status, 400);
  assert.equal(((await response.json()) as { code: string }).code, "INVALID_JSON");
});

test("a body may begin with a byte order mark", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  await scored(await score("small", `\ufeff${JSON.stringify({ windows: [WINDOW] })}`));
});

test("a deadline that has passed answers 504, a wrong one 400", async (t) => {
  const { score } = await startService(t, { contents: { small: {} } });
  const ask = async (timeout: string) => {
    const response = await score("small", { windows: [WINDOW] }, { "x-request-timeout-ms": timeout });
    return { status: response.status, body: (await response.json()) as { code?: string } };
  };
  assert.equal((await ask("60000")).status, 200);
  const late = await ask("0");
  assert.equal(late.status, 504);
  assert.equal(late.body.code, "DEADLINE_EXCEEDED");
  for (const wrong of ["-1", "soon", "1.5", ""]) assert.equal((await ask(wrong)).status, 400, wrong);
});
