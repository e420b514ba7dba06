/** Opening a version holds up no other model: its golden windows run a few at a time, and what is too large is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Executable } from "../../src/engine/engine.js";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { InputError } from "../../src/errors.js";
import { buildNetwork } from "../../src/network/architectures.js";
import { initialWeights } from "../../src/network/weights.js";
import { recordGolden, replayGolden } from "../../src/registry/golden.js";
import { addVersions, temporaryFolder } from "../registry/publications.js";
import { ReferenceEngine } from "../registry/reference-engine.js";
import { makeGate, openRegistry, states, versionServed } from "../registry/running-registry.js";
import { TINY_ARCHITECTURE } from "../tiny-architecture.js";

async function tinyExecutable(): Promise<Executable> {
  const network = buildNetwork(TINY_ARCHITECTURE);
  return new ReferenceEngine().compile(network, initialWeights(network, 1));
}

/** The executable, with a note of the size of each run. */
function noting(executable: Executable, efficientWindows: number, runs: number[]): Executable {
  return {
    ...executable,
    efficientWindows,
    run: (windows, count) => {
      runs.push(count);
      return executable.run(windows, count);
    },
  };
}

const GOLDEN_WINDOWS = 10;

test("golden windows are replayed a few at a time, and a wrong one is found in any run", async () => {
  const executable = await tinyExecutable();
  const size = 4 * 2;
  const windows = Float32Array.from({ length: GOLDEN_WINDOWS * size }, (_, i) => Math.sin(i));
  const golden = await recordGolden(executable, windows, GOLDEN_WINDOWS);
  const runs: number[] = [];
  await replayGolden(noting(executable, 4, runs), golden);
  assert.deepEqual(runs, [4, 4, 2]);
  for (let window = 0; window < GOLDEN_WINDOWS; window++) {
    const heads = golden.outputs.heads.map((head) => head.slice());
    heads[0]![window * size + 1]! += 1;
    const wrong = { ...golden, outputs: { ...golden.outputs, heads } };
    await assert.rejects(
      replayGolden(noting(executable, 4, runs), wrong),
      new RegExp(`at position ${window * size + 1},`),
    );
  }
});

test("a replay that takes too long is given up, as one is when the service ends", async () => {
  const executable = await tinyExecutable();
  const golden = await recordGolden(executable, new Float32Array(GOLDEN_WINDOWS * 8), GOLDEN_WINDOWS);
  const runs: number[] = [];
  await assert.rejects(replayGolden(noting(executable, 1, runs), golden, { withinMs: -1 }), (error) => {
    return error instanceof InputError && /does not replay within .* 1 of its 10 windows/.test(error.message);
  });
  assert.deepEqual(runs, [1]);
  const ending = new AbortController();
  const ended = replayGolden(noting(executable, 1, runs), golden, { signal: ending.signal });
  ending.abort(new Error("ending"));
  await assert.rejects(ended, /ending/);
  assert.ok(runs.length < 4, "no further run after the one under way");
});

test("runs of a large network have fewer windows, so that others come in between", async (t) => {
  const engine = await createWasmEngine({ threads: 1, log: () => undefined });
  t.after(() => engine.close());
  const compile = async (timesteps: number, units: number): Promise<number | undefined> => {
    const network = buildNetwork({
      family: "reconstruction",
      timesteps,
      features: 1,
      units: [units],
      activation: "tanh",
    });
    const executable = await engine.compile(network, initialWeights(network, 1));
    await executable.close();
    return executable.efficientWindows;
  };
  assert.equal(await compile(9, 100), 32);
  assert.equal(await compile(10_000, 256), 1);
});

test("a version that does not fit in memory is refused with a sentence, and opened once it fits", async (t) => {
  const folder = await temporaryFolder(t);
  await addVersions(folder, "pump", [1]);
  let room = 1024;
  const lines: string[] = [];
  const log = { info: () => undefined, warn: (_: object, line: string) => void lines.push(line) };
  const registry = await openRegistry(t, folder, new ReferenceEngine(), { memoryRoom: () => room, log });
  await registry.poll();
  await registry.poll();
  const [version] = registry.listModels()[0]!.versions;
  assert.equal(version?.state, "refused");
  assert.match(
    version?.reason ?? "",
    /^Opening it needs about \d+ MiB of memory, and .* 0 MiB more\. Give it/,
  );
  assert.deepEqual(lines, ["the version is refused"], "it is tried again, and said once");
  room = 2 ** 30;
  await registry.poll();
  assert.deepEqual(states(registry), { 1: "live" });
});

test("while one model is being opened, another is opened, published to, and has its alias set", async (t) => {
  const folder = await temporaryFolder(t);
  const engine = new ReferenceEngine();
  await addVersions(folder, "fan", [1]);
  const registry = await openRegistry(t, folder, engine);
  await registry.poll();
  const gate = makeGate();
  t.after(() => gate.open());
  const begun = makeGate();
  let isFirst = true;
  engine.beforeCompile = async () => {
    if (!isFirst) return;
    isFirst = false;
    begun.open();
    await gate.opened;
  };
  await addVersions(folder, "bomb", [1]);
  const poll = registry.poll();
  await begun.opened;
  await addVersions(folder, "pump", [1, 2]);
  const listed = await registry.setAlias("fan", "stable", "1");
  assert.deepEqual(listed.aliases, { stable: "1" });
  void registry.poll();
  while (states(registry)["2"] !== "live") await new Promise(setImmediate);
  assert.equal(versionServed(registry), "2");
  assert.deepEqual(states(registry, "bomb"), { 1: "loading" });
  gate.open();
  await poll;
  await registry.poll();
  assert.deepEqual(states(registry, "bomb"), { 1: "live" });
});
