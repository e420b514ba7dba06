/**
 * Memory that the engine and the device process share, for the payloads of large frames: a pipe takes about twice as
 * long, since it passes on 200 KB at a time. Node has no memory of two processes, so it is a file in the memory of the
 * system (tmpfs), without a name, which both have open; its pages are reused.
 */
import { randomUUID } from "node:crypto";
import { openSync, readSync, unlinkSync, writevSync } from "node:fs";

/** The descriptors of shared memory in the device process: for what it reads, and for what it writes. */
export const MEMORY_FDS = [5, 6] as const;

const FOLDER = "/dev/shm";
/** As many frames as can be under way in one direction: those of two tasks, each with the load of its model before it. */
const SLOTS = 4;
/** Each frame has a place of its own, which takes memory only as far as it is written. */
const SLOT_BYTES = 2 ** 32;

/** The payloads of frames in one direction. */
export class SharedMemory {
  /** Of the open file. */
  readonly descriptor: number;

  /** @param descriptor of a file that both processes have open. */
  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  /** New memory; undefined where the system has none. To be closed by its descriptor. */
  static create(): SharedMemory | undefined {
    const path = `${FOLDER}/residua-${randomUUID()}`;
    try {
      const descriptor = openSync(path, "wx+", 0o600);
      unlinkSync(path);
      return new SharedMemory(descriptor);
    } catch {
      return undefined;
    }
  }

  /**
   * Writes the payload of a frame.
   * @returns whether there was room for it; a container often has 64 MiB of such memory.
   */
  write(id: number, parts: readonly Uint8Array[]): boolean {
    const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
    try {
      return writevSync(this.descriptor, parts as Uint8Array[], placeOf(id)) === bytes;
    } catch {
      return false;
    }
  }

  /** Reads the payload of a frame. @throws Error where it is not there. */
  read(id: number, into: Uint8Array): void {
    const bytes = readSync(this.descriptor, into, 0, into.byteLength, placeOf(id));
    if (bytes !== into.byteLength) throw new RangeError(`frame ${id} has ${bytes} bytes in shared memory`);
  }
}

function placeOf(id: number): number {
  return (id % SLOTS) * SLOT_BYTES;
}
