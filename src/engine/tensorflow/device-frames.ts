/**
 * Messages between the engine and the process that owns the device: frames over one pipe, both ways.
 *
 *   u32 kind | u32 id | u32 model | u32 program | u32 count | u32 room | u32 bytes      then `bytes` bytes
 *
 * Little-endian. `id` ties an answer to its question. `room` is how large a buffer the receiver reads the bytes
 * into: a batch goes straight into the padded one that TensorFlow is given. Text is UTF-8, numbers are float32.
 */
export const FRAME = {
  /** Process: it has loaded TensorFlow; JSON `DeviceReady`. */
  ready: 1,
  /** Engine: load `model`; JSON `DeviceModel`. */
  load: 2,
  /** Engine: run a program of `model` once on `count` windows of zeros, so that it is ready for that batch. */
  warm: 3,
  /** Engine: run a program of `model` on `count` windows; float32 [count, T, F] in room for the whole batch. */
  run: 4,
  /** Engine: free `model`. */
  unload: 5,
  /** Process: done; for a run float32, the outputs one after the other. */
  done: 6,
  /** Process: it could not be done, and the process lives on; the reason as text. */
  failed: 7,
} as const;

/** The signatures of a SavedModel that are run, by their number in a frame. */
export const PROGRAMS = ["compiled", "plain"] as const;
export type Program = (typeof PROGRAMS)[number];

export interface DeviceReady {
  readonly usesGpu: boolean;
}

export interface DeviceModel {
  /** Where saved_model.pb lies. */
  readonly folder: string;
  readonly programs: readonly Program[];
  /** Of one window: [T, F]. */
  readonly windowShape: readonly [number, number];
  /** By the order in which a run answers: the name in the signature, and the numbers for one window. */
  readonly outputs: readonly { readonly name: string; readonly size: number }[];
}

export interface Frame {
  readonly kind: number;
  readonly id: number;
  readonly model: number;
  readonly program: Program;
  readonly count: number;
  /** As long as the sender's `room`; zero past what was sent. */
  readonly payload: Uint8Array;
}

const HEADER_BYTES = 28;
/** The largest frame: 100 million parameters are well under it, a broken pipe is well over. */
const MAX_FRAME_BYTES = 2 ** 31 - 1;

export interface FrameHead {
  readonly kind: number;
  readonly id: number;
  readonly model?: number;
  readonly program?: Program;
  readonly count?: number;
  /** At least the bytes sent; those where not said. */
  readonly room?: number;
}

/** The buffers to write for one frame; the parts are not copied, so they have to stay as they are until written. */
export function encodeFrame(head: FrameHead, parts: readonly Uint8Array[] = []): Uint8Array[] {
  const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  const program = PROGRAMS.indexOf(head.program ?? "compiled");
  const words = [head.kind, head.id, head.model ?? 0, program, head.count ?? 0, head.room ?? bytes, bytes];
  words.forEach((word, i) => {
    header.setUint32(4 * i, word, true);
  });
  return [new Uint8Array(header.buffer), ...parts.filter((part) => part.byteLength > 0)];
}

export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

export function decodeText(payload: Uint8Array): string {
  return new TextDecoder().decode(payload);
}

/** A view of the same memory; payloads start at a multiple of four. */
export function asFloats(payload: Uint8Array): Float32Array {
  return new Float32Array(payload.buffer, payload.byteOffset, payload.byteLength / 4);
}

export function asBytes(floats: Float32Array): Uint8Array {
  return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
}

/** Puts frames together from whatever pieces the pipe gives. */
export class FrameReader {
  private readonly onFrame: (frame: Frame) => void;
  private readonly header = new Uint8Array(HEADER_BYTES);
  private headerFilled = 0;
  private frame: Frame | undefined;
  private wanted = 0;
  private filled = 0;

  constructor(onFrame: (frame: Frame) => void) {
    this.onFrame = onFrame;
  }

  /** Throws RangeError where the bytes are no frame: the stream is of no use after that. */
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
    const [program, room, bytes] = [PROGRAMS[word(3)], word(5), word(6)];
    if (program === undefined || bytes > room || room > MAX_FRAME_BYTES) {
      throw new RangeError(`a frame of ${bytes} bytes in room for ${room} is not one`);
    }
    this.headerFilled = 0;
    this.filled = 0;
    this.wanted = bytes;
    const payload = new Uint8Array(room);
    this.frame = { kind: word(0), id: word(1), model: word(2), program, count: word(4), payload };
  }
}
