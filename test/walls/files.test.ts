/** What a command writes is whole or not there, and what it has learnt is not lost. */
import assert from "node:assert/strict";
import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { writeOutputFile } from "../../src/cli/output-file.js";
import { InputError } from "../../src/errors.js";
import { publishOrKeep } from "../../src/publishing/publish-or-keep.js";
import { readBundle } from "../../src/registry/bundle.js";
import { FolderStore } from "../../src/registry/folder-store.js";
import { createWorkplace, writeWaves } from "../cli/residua-process.js";
import { makeContents, temporaryFolder } from "../registry/publications.js";
import { ReferenceEngine } from "../registry/reference-engine.js";

const isRoot = process.getuid?.() === 0;

test("a file keeps its old content until the new one is whole, and nothing is left behind", async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, "scores.csv");
  await writeFile(file, "old\n");
  async function* broken(): AsyncGenerator<string> {
    yield "new\n";
    assert.equal(await readFile(file, "utf8"), "old\n");
    throw new Error("in the middle");
  }
  await assert.rejects(writeOutputFile("--out", file, broken()), /in the middle/);
  assert.equal(await readFile(file, "utf8"), "old\n");
  assert.deepEqual(await readdir(folder), ["scores.csv"]);
  await symlink("scores.csv", join(folder, "link.csv"));
  await writeOutputFile("--out", join(folder, "link.csv"), ["new", "\n"]);
  assert.equal(await readFile(file, "utf8"), "new\n");
  assert.deepEqual((await readdir(folder)).sort(), ["link.csv", "scores.csv"]);
  await writeOutputFile("--out", "/dev/null", "nowhere");
  await assert.rejects(writeOutputFile("--out", join(folder, "no", "file"), ""), (error) => {
    return error instanceof InputError && /^--out .* cannot be written: no such file/.test(error.message);
  });
});

test("a model that cannot be published is kept under its next number, and the sentence says where", async (t) => {
  const folder = await temporaryFolder(t);
  const contents = await makeContents(new ReferenceEngine());
  // A number that is taken by a folder that may not be read, and a name that is a file.
  await writeFile(join(folder, "pump"), "");
  let message = "";
  await assert.rejects(publishOrKeep(new FolderStore(folder), "pump", contents), (error) => {
    message = error instanceof InputError ? error.message : "";
    return message !== "";
  });
  const kept = /is kept in (\S+):/.exec(message)?.[1] ?? "";
  t.after(() => rm(join(kept, "..", ".."), { recursive: true, force: true }));
  assert.match(message, /could not be published in .*: (file already exists|not a directory)/);
  assert.equal((await readBundle(kept)).version, "1");
  assert.ok(message.endsWith(`cp -r ${kept} ${join(folder, "pump", "1")}.`));
  await assert.rejects(new FolderStore(folder).checkMayPublish("pump"), /pump is not a folder/);
  await new FolderStore(join(folder, "deep", "er")).checkMayPublish("pump");
});

test("contents that are wrong are refused as ever, and not kept", async (t) => {
  const folder = await temporaryFolder(t);
  const contents = { ...(await makeContents(new ReferenceEngine())), sampleBody: {} };
  await assert.rejects(publishOrKeep(new FolderStore(folder), "pump", contents), (error) => {
    return error instanceof InputError && !/kept/.test(error.message);
  });
});

test("a folder that cannot be published in is said before the training", async (t) => {
  const { residua, folder, write } = await createWorkplace(t);
  const csv = await write("normal.csv", writeWaves(400));
  await writeFile(join(folder, "file"), "");
  const models = join(folder, "file", "models");
  const { status, out, err } = await residua(["train", csv, "--name", "pump", "--models", models]);
  assert.equal(status, 1);
  assert.match(err, /^\S*file is not a folder: nothing can be published in it\.\n$/);
  assert.equal(out, "", "nothing was trained");
});

test("so is one that is read-only", { skip: isRoot }, async (t) => {
  const models = await temporaryFolder(t);
  await mkdir(join(models, "pump"));
  await chmod(join(models, "pump"), 0o555);
  await assert.rejects(
    new FolderStore(models).checkMayPublish("pump"),
    /Nothing can be published in .*permission denied \(EACCES\)/,
  );
});
