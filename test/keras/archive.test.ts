/** Zip archives that lie about what they hold. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { InputError } from "../../src/errors.js";
import { readArchive } from "../../src/keras/archive.js";
import { readKerasFile } from "../../src/keras/read-keras-file.js";
import { fileOf } from "./keras-cases.js";

interface Member {
  readonly name: string;
  readonly content: Buffer;
  /** What the archive says that its content has; the truth where it is left out. */
  readonly saidBytes?: number;
}

/** A zip archive of deflated members (APPNOTE.TXT of PKWARE, 4.3). */
function zip(members: readonly Member[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, saidBytes = content.length } of members) {
    const packed = deflateRawSync(content);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(saidBytes, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(name), packed]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\x00"), common, place, Buffer.from(name)]));
    files.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(members.length, 4);
  end.writeUInt16LE(members.length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...files, central, Buffer.from("PK\x05\x06"), end]);
}

const LIMITS = new Map([["config.json", 1_000]]);
const content = Buffer.from("{}");

test("the members that are asked for are read, and no others", async () => {
  const archive = zip([
    { name: "other.bin", content: Buffer.alloc(5_000) },
    { name: "config.json", content },
  ]);
  assert.deepEqual(await readArchive(archive, LIMITS), new Map([["config.json", content]]));
});

test("a member that is longer than the limit, or than the archive says, is refused", async () => {
  const bomb = Buffer.alloc(50_000_000);
  const said = readArchive(zip([{ name: "config.json", content: bomb }]), LIMITS);
  await assert.rejects(said, /config\.json has 50000000 bytes; the most is 1000/);
  await assert.rejects(readArchive(zip([{ name: "config.json", content: bomb, saidBytes: 10 }]), LIMITS));
  await assert.rejects(
    readArchive(
      zip([
        { name: "config.json", content },
        { name: "config.json", content },
      ]),
      LIMITS,
    ),
    /two members "config\.json"/,
  );
});

test("an archive that holds no model is refused by what it lacks", async () => {
  const file = fileOf(zip([{ name: "readme.txt", content }]), "keras");
  await assert.rejects(readKerasFile(file), (error) => {
    assert.ok(error instanceof InputError);
    assert.match(error.message, /the archive has no config\.json, so it is not a Keras model/);
    return true;
  });
});
