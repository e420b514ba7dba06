/** Steps over the fields of a message of protocol buffers (https://protobuf.dev/programming-guides/encoding/). */
import { ResiduaError } from "../../errors.js";

/** How a value stands in a message. */
const VARINT = 0;
export const BITS_64 = 1;
export const WITH_LENGTH = 2;
export const BITS_32 = 5;

export class WireReader {
  /** Of the field that was read last: its number, how its value stands there, and where. */
  field = 0;
  kind = 0;
  from = 0;
  to = 0;
  readonly #bytes: Uint8Array;
  readonly #end: number;

  /** @param end where the message ends that begins at `from`. */
  constructor(bytes: Uint8Array, from = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.to = from;
    this.#end = end;
  }

  /** Goes to the next field; false where there is none. @throws ResiduaError INVALID_REQUEST where the bytes are no message. */
  next(): boolean {
    if (this.to === this.#end) return false;
    const tag = this.#varint();
    this.field = Math.floor(tag / 8);
    this.kind = tag % 8;
    let length = 0;
    if (this.kind === VARINT) this.#varint();
    else if (this.kind === BITS_64) length = 8;
    else if (this.kind === BITS_32) length = 4;
    else if (this.kind === WITH_LENGTH) length = this.#varint();
    else throw damaged();
    this.from = this.to;
    this.to += length;
    if (this.to > this.#end) throw damaged();
    return true;
  }

  /** A number of up to 53 bits, seven a byte. */
  #varint(): number {
    let value = 0;
    let shift = 1;
    for (;;) {
      const byte = this.#bytes[this.to++];
      if (byte === undefined) throw damaged();
      // Longer ones are negative numbers of types that are not looked at.
      if (shift < 2 ** 53) value += (byte % 0x80) * shift;
      if (byte < 0x80) return value;
      shift *= 0x80;
    }
  }
}

export function damaged(): ResiduaError {
  return new ResiduaError("INVALID_REQUEST", "The message is damaged: it is none of protocol buffers.");
}
