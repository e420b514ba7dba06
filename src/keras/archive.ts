/** Reads members of a zip archive, which may be damaged or made to do harm. */
import { fromBufferPromise } from "yauzl";
import { InputError } from "../errors.js";

const MOST_MEMBERS = 10_000;

/**
 * The named members of an archive, each with at most so many bytes. Those that the archive lacks are not in the map.
 *
 * @throws InputError where a member is longer, and whatever yauzl throws where the archive is damaged.
 */
export async function readArchive(
  bytes: Uint8Array,
  mostBytes: ReadonlyMap<string, number>,
): Promise<Map<string, Uint8Array>> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const archive = await fromBufferPromise(buffer, { lazyEntries: true });
  const members = new Map<string, Uint8Array>();
  let seen = 0;
  for await (const entry of archive.eachEntry()) {
    if (++seen > MOST_MEMBERS) throw new InputError(`The archive has more than ${MOST_MEMBERS} members.`);
    const most = mostBytes.get(entry.fileName);
    if (most === undefined) continue;
    if (members.has(entry.fileName)) throw new InputError(`The archive has two members "${entry.fileName}".`);
    if (entry.uncompressedSize > most) {
      throw new InputError(`${entry.fileName} has ${entry.uncompressedSize} bytes; the most is ${most}.`);
    }
    const pieces: Buffer[] = [];
    // yauzl ends the stream with an error as soon as it gives more bytes than the archive said.
    for await (const piece of await archive.openReadStreamPromise(entry)) pieces.push(piece as Buffer);
    members.set(entry.fileName, Buffer.concat(pieces));
  }
  return members;
}
