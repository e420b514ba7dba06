/** Files compressed with zstd, by Node's decompressor and by the one for Nodes that have none. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { readDataset } from "../../src/data/dataset.js";
import { createPortableZstdDecompressor } from "../../src/data/zstd.js";
import { fixturePath, learnt, readCase } from "./case-files.js";

const path = fixturePath("parquet/plain.csv.zst");

test("a file of zstd is read as its text, with the hash of the file itself", async () => {
  const dataset = await readDataset([path]);
  assert.deepEqual(learnt(dataset), learnt(await readCase("01_plain.csv")));
  const hash = createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
  assert.equal(dataset.files[0]!.sha256, hash);
});

test("the decompressor for older Nodes gives the same bytes, however they are cut, and of two frames too", async () => {
  const text = await readFile(fixturePath("cases/01_plain.csv"));
  const bytes = await readFile(path);
  for (const size of [1, 7, 1000, bytes.length]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    );
    const read = await buffer(Readable.from(chunks).pipe(createPortableZstdDecompressor()));
    assert.ok(read.equals(text), `chunks of ${size}`);
  }
  const twice = await buffer(Readable.from([bytes, bytes]).pipe(createPortableZstdDecompressor()));
  assert.ok(twice.equals(Buffer.concat([text, text])));
});

test("zstd that is cut off or damaged is refused", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "residua-zstd-"));
  t.after(() => rm(folder, { recursive: true }));
  const bytes = await readFile(path);
  const cut = bytes.subarray(0, bytes.length - 200);
  await writeFile(join(folder, "cut.csv.zst"), cut);
  await assert.rejects(readDataset([join(folder, "cut.csv.zst")]), {
    message: "cut.csv.zst is damaged: it cannot be decompressed.",
  });
  const portable = buffer(Readable.from([cut]).pipe(createPortableZstdDecompressor()));
  await assert.rejects(portable, { code: /^ZSTD_/ });
  const wrong = Buffer.from(bytes);
  wrong[4]! |= 0x08;
  await assert.rejects(buffer(Readable.from([wrong]).pipe(createPortableZstdDecompressor())), {
    code: /^ZSTD_/,
  });
});
