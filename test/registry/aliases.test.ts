import assert from "node:assert/strict";
import { mkdir, readdir, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { InputError } from "../../src/errors.js";
import { AliasFile } from "../../src/registry/alias-file.js";
import { changeAliases, readAliases, writeAliases } from "../../src/registry/aliases.js";
import { FolderStore } from "../../src/registry/folder-store.js";
import { temporaryFolder } from "./publications.js";

test("what is written reads back, and nothing else is left in the folder", async (t) => {
  const folder = await temporaryFolder(t);
  const aliases = new Map([
    ["stable", "2"],
    ["constructor", "10"],
    ["a.b_c-1", "999999999"],
  ]);
  await writeAliases(folder, aliases);
  assert.deepEqual(new Map([...(await readAliases(folder))].sort()), new Map([...aliases].sort()));
  assert.deepEqual(await readdir(folder), ["aliases.json"]);
});

test("without a file there are none", async (t) => {
  assert.equal((await readAliases(await temporaryFolder(t))).size, 0);
});

const broken: [string, RegExp][] = [
  ["", /not JSON/],
  ["[]", /has to be an object, not an array/],
  ['{"stable": 2}', /Alias "stable" has to be a version such as "2", not 2/],
  ['{"stable": "02"}', /not "02"/],
  ['{"stable": "-1"}', /not "-1"/],
  ['{"Stable": "1"}', /an alias of the name "Stable"/],
  ['{"__proto__": "1"}', /an alias of the name "__proto__"/],
  [`{"stable": "1"}${" ".repeat(300_000)}`, /has 300015 bytes; the most is/],
];
for (const [content, sentence] of broken) {
  test(`refuses ${content.slice(0, 24) || "an empty file"}${content.length > 24 ? "..." : ""}`, async (t) => {
    const folder = await temporaryFolder(t);
    await writeFile(join(folder, "aliases.json"), content);
    await assert.rejects(
      readAliases(folder),
      (error) => error instanceof InputError && sentence.test(error.message),
    );
    await assert.rejects(
      changeAliases(folder, () => undefined),
      /until aliases\.json is repaired or removed/,
    );
  });
}

test("a change keeps what another program has written meanwhile", async (t) => {
  const folder = await temporaryFolder(t);
  await writeAliases(folder, new Map([["stable", "1"]]));
  await changeAliases(folder, (aliases) => aliases.set("candidate", "2"));
  assert.deepEqual(
    [...(await readAliases(folder))],
    [
      ["candidate", "2"],
      ["stable", "1"],
    ],
  );
  await assert.rejects(
    changeAliases(folder, () => {
      throw new Error("no");
    }),
    /^Error: no$/,
  );
  assert.equal((await readAliases(folder)).size, 2);
});

test("a follower keeps the last good aliases, and tries again what is not the file's fault", async (t) => {
  const models = await temporaryFolder(t);
  const folder = join(models, "pump");
  await mkdir(folder);
  const follower = new AliasFile(new FolderStore(models), "pump");
  await writeAliases(folder, new Map([["stable", "1"]]));
  await follower.refresh();
  assert.equal(follower.aliases.get("stable"), "1");
  await writeFile(join(folder, "aliases.json"), "{");
  await follower.refresh();
  assert.equal(follower.aliases.get("stable"), "1");
  assert.match(follower.reason!, /not JSON/);
  await unlink(join(folder, "aliases.json"));
  await symlink("aliases.json", join(folder, "aliases.json"));
  await follower.refresh();
  assert.match(follower.reason!, /is a link; it has to be a file/);
  await writeAliases(folder, new Map([["stable", "3"]]));
  await follower.refresh();
  assert.deepEqual([follower.aliases.get("stable"), follower.reason], ["3", undefined]);
  await unlink(join(folder, "aliases.json"));
  await follower.refresh();
  assert.equal(follower.aliases.size, 0);
});
