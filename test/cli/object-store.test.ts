/** The commands on models in an object store. */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { readBundle } from "../../src/registry/bundle.js";
import { startFaultyProxy } from "../registry/s3/faulty-proxy.js";
import { makeBucket, skip } from "../registry/s3/object-store.js";
import { createWorkplace, writeWaves } from "./residua-process.js";

const QUICK = [
  "--timesteps",
  "8",
  "--units",
  "4",
  "--epochs",
  "2",
  "--folds",
  "1",
  "--linear-path",
  "off",
  "--quiet",
];

test("train, list, score, renew and delete take s3://", { skip }, async (t) => {
  const { residua, folder, write } = await createWorkplace(t);
  const { endpoint, place } = await makeBucket();
  const env = { RESIDUA_S3_ENDPOINT: endpoint, RESIDUA_CACHE: join(folder, "cache") };
  const run = async (...args: string[]): Promise<string> => {
    const { status, out, err } = await residua([...args, "--models", place], { env });
    assert.equal(status, 0, `${args.join(" ")}: ${err}`);
    return out;
  };
  const csv = await write("normal.csv", writeWaves(400));
  assert.equal(await run("models"), `There is no model in ${place}.\n`);
  assert.match(
    await run("train", csv, "--name", "pump", ...QUICK),
    new RegExp(`^folder: +${place}/pump/1$`, "m"),
  );
  const renewal = await run("renew", "pump", csv, "--calibrate-only", "--promote", "stable");
  assert.match(renewal, /pump 2|version 2/);
  const listed = await run("models");
  assert.match(listed, /^pump {2}2 +stable +dense/m);
  assert.match(listed, /^pump {2}1 +- +dense/m);
  assert.match(await run("models", "verify"), /^pump 2: ok\npump 1: ok$/m);
  assert.equal((await run("score", csv, "--model", "pump")).split("\n").length, 402);
  assert.equal(await run("models", "delete", "pump", "1"), "pump 1 is deleted.\n");
  const named = await residua(["models", "delete", "pump", "2", "--models", place], { env });
  assert.equal(named.status, 1);
  assert.match(named.err, /^Version 2 of model "pump" is what stable stands for; [^\n]*\n$/);
});

test("a model whose store is away is not trained in vain: it is said before", { skip }, async (t) => {
  const { residua, folder, write } = await createWorkplace(t);
  const csv = await write("normal.csv", writeWaves(400));
  const env = {
    RESIDUA_MODELS: "s3://bucket/models",
    RESIDUA_S3_ENDPOINT: "http://127.0.0.1:9",
    RESIDUA_CACHE: join(folder, "cache"),
  };
  const { status, out, err } = await residua(["train", csv, "--name", "pump", ...QUICK], { env });
  assert.deepEqual([status, out], [1, ""]);
  assert.match(err, /^The object store cannot be used just now: it cannot be reached \(ECONNREFUSED\)\.\n$/m);
});

test("a model whose store goes away while it is trained is kept, with how it gets into place", {
  skip,
}, async (t) => {
  const { residua, folder, write } = await createWorkplace(t);
  const bucket = await makeBucket();
  const csv = await write("normal.csv", writeWaves(400));
  const proxy = await startFaultyProxy(t, bucket.endpoint);
  const env = {
    RESIDUA_MODELS: bucket.place,
    RESIDUA_S3_ENDPOINT: proxy.url,
    RESIDUA_CACHE: join(folder, "cache"),
  };
  proxy.fate = ({ path }) => (path.includes("weights.bin") ? { status: 503, code: "SlowDown" } : "pass");
  const { status, err } = await residua(["train", csv, "--name", "pump", ...QUICK], { env });
  assert.equal(status, 1);
  const [, kept = "", target] =
    /could not be published in s3:\S+: it answered 503 SlowDown\. What was learnt is kept in (\S+): .* publish it with aws s3 cp --recursive \S+ (\S+)\.\n$/.exec(
      err,
    ) ?? assert.fail(err);
  t.after(() => rm(join(kept, "..", ".."), { recursive: true, force: true }));
  // Number 1 was begun: it is not free any more.
  assert.equal(target, `${bucket.place}/pump/2`);
  assert.equal((await readBundle(kept)).version, "2");
});
