/** A served model with a linear path: its bundle is read back, and Px is given where a request asks for it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readBundle } from "../../src/registry/bundle.js";
import { prepareWindows, unscaleHead } from "../../src/scoring/window-scoring.js";
import { makeContents } from "../registry/publications.js";
import { ReferenceEngine } from "../registry/reference-engine.js";
import { infer, inferred, input, windows } from "./inference-client.js";
import { startService, WINDOW } from "./running-service.js";

test("Px is the part `linear` of a window and the output `linear` of the protocol, only where it is asked for", async (t) => {
  const engine = new ReferenceEngine();
  const contents = { linear: await makeContents(engine, 1, { linearPath: 3 }) };
  const service = await startService(t, { contents });
  const bundle = await readBundle(`${service.folder}/linear/1`);
  assert.deepEqual(bundle.network, contents.linear.network);
  const executable = await engine.compile(bundle.network, bundle.weights);
  const prepared = prepareWindows(bundle.scoring, Float64Array.from(WINDOW.flat()), 1);
  const wanted = unscaleHead(bundle.scoring, 1, await executable.run(prepared.scaled, 1));

  const score = async (body: object): Promise<Record<string, unknown>> => {
    const response = await service.score("linear", { windows: [WINDOW], ...body });
    assert.equal(response.status, 200);
    return ((await response.json()) as { windows: Record<string, unknown>[] }).windows[0]!;
  };
  const plain = await score({});
  assert.ok("reconstruction" in plain && !("linear" in plain));
  const assertWanted = (values: readonly unknown[], tolerance = 1e-5): void => {
    for (const [i, expected] of wanted.entries()) {
      const error = Math.abs(Number(values[i]) - expected) / bundle.scoring.scaler.scale[i % 2]!;
      assert.ok(error <= tolerance, `${i}: ${values[i]}, not ${expected}`);
    }
  };
  const { linear } = (await score({ include: ["linear"] })) as { linear: number[][] };
  assert.equal(linear.flat().length, wanted.length);
  assertWanted(linear.flat());

  const names = async (body: object): Promise<string[]> =>
    (await inferred(await infer(service, "linear", { inputs: [input()], ...body }))).outputs.map(
      ({ name }) => name,
    );
  assert.ok(!(await names({})).includes("linear"));
  const outputs = [{ name: "linear" }];
  assert.deepEqual(await names({ outputs }), ["linear"]);
  const tensors = await inferred(
    await infer(service, "linear", { inputs: [input({ data: windows })], outputs }),
  );
  assert.deepEqual(tensors.outputs[0]!.shape, [3, 4, 2]);
  // As far as float32 carries the level of this model's readings (`needsFloat64`).
  assertWanted(tensors.outputs[0]!.data!, 1e-4);
});

test("errors by timestep and feature are those of the reconstruction; the linear path's are in headError", async (t) => {
  const contents = { linear: await makeContents(new ReferenceEngine(), 1, { linearPath: 3 }) };
  const service = await startService(t, { contents });
  const include = ["timestepError", "featureError", "headError"];
  const response = await service.score("linear", { windows: [WINDOW], include });
  const { windows: answered } = (await response.json()) as {
    windows: {
      score: number;
      timestepError: number[];
      featureError: number[];
      headError: Record<string, number[]>;
    }[];
  };
  const { score, timestepError, featureError, headError } = answered[0]!;
  assert.deepEqual(Object.keys(headError), ["reconstruction", "linear"]);
  assert.deepEqual(timestepError, headError["reconstruction"]);
  assert.notDeepEqual(headError["linear"], headError["reconstruction"]);
  const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
  for (const own of [mean(timestepError), mean(featureError)]) {
    assert.ok(Math.abs(own - score) <= 1e-6 * score, `${own}, not ${score}`);
  }
});
