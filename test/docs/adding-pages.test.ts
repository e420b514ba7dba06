/** The code that the pages for contributors show is that of the files which they name. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { repository } from "../server-process.js";

const read = (file: string) => readFileSync(join(repository, file), "utf8");

test("docs/adding-a-route.md shows the route and its test as they are", () => {
  const blocks = [...read("docs/adding-a-route.md").matchAll(/^```ts\n(.*?)^```$/gms)].map(
    ([, code]) => code!,
  );
  const [route, line, own] = blocks;
  assert.equal(blocks.length, 3);
  assert.equal(route, read("src/http/routes/sample.ts"));
  assert.ok(read("src/http/app.ts").includes(line!));
  assert.equal(own, read("test/http/sample.test.ts"));
});
