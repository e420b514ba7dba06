import assert from "node:assert/strict";
import { test } from "node:test";
import { bounded, RefusedMessage } from "../../../src/http/grpc/bounded-messages.js";
import { watchLoop } from "../../walls/loop-watch.js";

/** A field with a length. */
function field(number: number, bytes: Uint8Array): Buffer {
  const head = [number * 8 + 2];
  let { length } = bytes;
  for (; length >= 0x80; length = Math.floor(length / 0x80)) head.push((length % 0x80) + 0x80);
  return Buffer.concat([Uint8Array.from([...head, length]), bytes]);
}

const read = bounded(() => ({ isRead: true }), true);
const MIB = 2 ** 20;

test("values of tensors may fill a message, raw or typed", () => {
  for (const message of [
    field(7, Buffer.alloc(16 * MIB)),
    field(5, Buffer.concat([field(1, Buffer.from("windows")), field(5, Buffer.alloc(16 * MIB))])),
  ]) {
    assert.deepEqual(read(message), { isRead: true });
  }
});

test("what is no value of a tensor is refused before it is parsed, however it is cut up", () => {
  const hostile: readonly [string, Buffer][] = [
    ["eight million inputs without anything", Buffer.alloc(16 * MIB, field(5, Buffer.alloc(0)))],
    ["an input of eight million parameters", field(5, Buffer.alloc(16 * MIB, field(4, Buffer.alloc(0))))],
    ["a shape of sixteen million numbers", field(5, field(3, Buffer.alloc(16 * MIB, 1)))],
    ["a long name", field(1, Buffer.alloc(MIB, 0x61))],
    ["no message", Buffer.alloc(MIB, 0xff)],
  ];
  for (const [what, message] of hostile) {
    const loop = watchLoop();
    const found = read(message);
    const { longestMs } = loop.end();
    assert.ok(found instanceof RefusedMessage, what);
    assert.ok(longestMs <= 50, `${what}: ${longestMs} ms`);
  }
  const name = bounded(() => ({ isRead: true }), false);
  assert.ok(name(field(7, Buffer.alloc(MIB))) instanceof RefusedMessage);
});
