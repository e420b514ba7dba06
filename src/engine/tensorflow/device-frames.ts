/**
 * Messages between the engine and the device process: frames over one pipe, in both directions.
 *
 *   u32 kind | u32 id | u32 model | u32 program | u32 count | u32 room | u32 bytes | u32 shared
 *
 * Then come `bytes` bytes, or where `shared` is 1 they lie in memory that both processes share (device-memory.ts).
 * Little-endian. An answer has the `id` of the frame it answers. `room` is the size of the buffer, in bytes, that the
 * receiver reads the payload into: the rest of it stays zero, so that the windows of a run become a padded batch
 * without a copy. Text is UTF-8, numbers are float32.
 */
import type { SharedMemory } from "./device-memory.js";

export const FRAME = {
  /** From the process: TensorFlow is loaded. Payload: JSON `DeviceReady`. */
  ready: 1,
  /** From the engine: load `model`. Payload: JSON `DeviceModel`. */
  load: 2,
  /** From the engine: run a program of `model` once on `count` windows of zeros, so that it is compiled for them. */
  warm: 3,
  /** From the engine: run a program of `model`. Payload: float32 [count, T, F] in room for the whole batch. */
  run: 4,
  /** From the engine: free `model`. */
  unload: 5,
  /** From the process: done. Payload of a run: float32 of all outputs, one output after the other. */
  done: 6,
  /** From the process: the task failed, and the process goes on. Payload: the reason as text. */
  failed: 7,
} as const;

/** The programs of a graph (graph.ts); a frame names one by its position here. */
export const PROGRAMS = ["compiled", "plain"] as const;
export type Program = (typeof PROGRAMS)[number];

/** What the device process reports when it has loaded TensorFlow. */
export interface DeviceReady {
  readonly usesGpu: boolean;
}

/** What the device process has to know of a model. */
export interface DeviceModel {
  /** The folder of saved_model.pb. */
  readonly folder: string;
  readonly programs: readonly Program[];
  /** The shape of one window: [T, F + C]. */
  readonly windowShape: readonly [number, number];
  /** In the order of a run's answer: the name in the signature, and how many numbers it has for one window. */
  readonly outputs: readonly { readonly name: string; readonly size: number }[];
}

export interface Frame {
  readonly kind: number;
  readonly id: number;
  readonly model: number;
  readonly program: Program;
  readonly count: number;
  /** As long as the sender's `room`; zero after the bytes that were sent. */
  readonly payload: Uint8Array;
}

const HEADER_BYTES = 32;
/** Smaller payloads go over the pipe with their frame: that is one call of the system, and no slower. */
const MIN_SHARED_BYTES = 65_536;
/** The largest payload. The largest answer is far smaller; a length read from a damaged stream is likely larger. */
const MAX_FRAME_BYTES = 2 ** 31 - 1;

export interface FrameHead {
  readonly kind: number;
  readonly id: number;
  readonly model?: number;
  readonly program?: Program;
  readonly count?: number;
  /** In bytes, at least those that are sent; by default exactly those. */
  readonly room?: number;
}

/**
 * The buffers to write for one frame. The parts are not copied: they must not change until they are written.
 * @param memory takes the parts of a large frame at once; those are not among the buffers then.
 */
export function encodeFrame(
  head: FrameHead,
  parts: readonly Uint8Array[] = [],
  memory?: SharedMemory,
): Uint8Array[] {
  const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const isShared = bytes >= MIN_SHARED_BYTES && memory?.write(head.id, parts) === true;
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  const program = PROGRAMS.indexOf(head.program ?? "compiled");
  const { model = 0, count = 0, room = bytes } = head;
  const words = [head.kind, head.id, model, program, count, room, bytes, Number(isShared)];
  words.forEach((word, i) => {
    header.setUint32(4 * i, word, true);
  });
  const inPipe = isShared ? [] : parts.filter((part) => part.byteLength > 0);
  return [new Uint8Array(header.buffer), ...inPipe];
}

/** A payload of JSON. */
export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** The text of a payload. */
export function decodeText(payload: Uint8Array): string {
  return new TextDecoder().decode(payload);
}

/** A payload as float32, in the same memory; it starts at a multiple of four bytes. */
export function asFloats(payload: Uint8Array): Float32Array {
  return new Float32Array(payload.buffer, payload.byteOffset, payload.byteLength / 4);
}

/** Float32 as a payload, in the same memory. */
export function asBytes(floats: Float32Array): Uint8Array {
  return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
}

/** Puts frames together from the pieces that a pipe delivers. */
export class FrameReader {
  private readonly onFrame: (frame: Frame) => void;
  private readonly memory: SharedMemory | undefined;
  private readonly allocate: (bytes: number) => Uint8Array;
  private readonly header = new Uint8Array(HEADER_BYTES);
  private headerFilled = 0;
  private frame: Frame | undefined;
  private wanted = 0;
  private filled = 0;

  /**
   * @param memory where the payloads of large frames lie.
   * @param allocate gives the buffer of a payload; what is in it does not matter.
   */
  constructor(
    onFrame: (frame: Frame) => void,
    memory?: SharedMemory,
    allocate: (bytes: number) => Uint8Array = (bytes) => Buffer.allocUnsafeSlow(bytes),
  ) {
    this.onFrame = onFrame;
    this.memory = memory;
    this.allocate = allocate;
  }

  /**
   * Reads the next piece, and calls `onFrame` for every frame it completes.
   * @throws RangeError where the bytes are not a frame; the stream cannot be read any further then.
   */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.frame === undefined) {
        const part = chunk.subarray(at, at + HEADER_BYTES - this.headerFilled);
        this.header.set(part, this.headerFilled);
        this.headerFilled += part.length;
        at += part.length;
        if (this.headerFilled < HEADER_BYTES) return;
        this.begin();
      } else {
        const part = chunk.subarray(at, at + this.wanted - this.filled);
        this.frame.payload.set(part, this.filled);
        this.filled += part.length;
        at += part.length;
      }
      if (this.frame !== undefined && this.filled === this.wanted) {
        const { frame } = this;
        this.frame = undefined;
        this.onFrame(frame);
      }
    }
  }

  private begin(): void {
    const view = new DataView(this.header.buffer);
    const word = (index: number): number => view.getUint32(4 * index, true);
    const [program, room, bytes, shared] = [PROGRAMS[word(3)], word(5), word(6), word(7)];
    if (program === undefined || bytes > room || room > MAX_FRAME_BYTES || shared > 1) {
      throw new RangeError(`the bytes are not a frame: ${bytes} bytes in room for ${room}`);
    }
    this.headerFilled = 0;
    this.filled = 0;
    const payload = this.allocate(room).fill(0, bytes);
    this.frame = { kind: word(0), id: word(1), model: word(2), program, count: word(4), payload };
    this.wanted = bytes;
    if (shared === 0) return;
    if (this.memory === undefined) throw new RangeError("the frame lies in memory that is not there");
    this.memory.read(this.frame.id, payload.subarray(0, bytes));
    this.wanted = 0;
  }
}
