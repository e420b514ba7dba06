import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Frame } from "../../../src/engine/tensorflow/device-frames.js";
import {
  asBytes,
  asFloats,
  encodeFrame,
  FRAME,
  FrameReader,
  PROGRAMS,
} from "../../../src/engine/tensorflow/device-frames.js";

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });

test("frames come out as they went in, wherever the pipe cuts them", () => {
  const frame = fc.record({
    head: fc.record({
      kind: fc.integer({ min: 1, max: 7 }),
      id: word,
      model: word,
      program: fc.constantFrom(...PROGRAMS),
      count: word,
    }),
    parts: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 3 }),
    extra: fc.integer({ min: 0, max: 9 }),
  });
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 5 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 30 })),
      (sent, cuts) => {
        const bytes = Buffer.concat(
          sent.flatMap(({ head, parts, extra }) => {
            const length = parts.reduce((sum, part) => sum + part.length, 0);
            return encodeFrame({ ...head, room: length + extra }, parts);
          }),
        );
        const got: Frame[] = [];
        const reader = new FrameReader((one) => got.push(one));
        for (let at = 0; at < bytes.length; ) {
          const cut = cuts.next().value as number;
          reader.push(bytes.subarray(at, at + cut));
          at += cut;
        }
        assert.equal(got.length, sent.length);
        sent.forEach(({ head, parts, extra }, i) => {
          const { payload, ...rest } = got[i]!;
          assert.deepEqual(rest, { ...head });
          assert.deepEqual(
            [...payload],
            [...parts.flatMap((part) => [...part]), ...new Array(extra).fill(0)],
          );
        });
      },
    ),
  );
});

test("numbers go over without a copy on the way out and aligned on the way in", () => {
  const numbers = new Float32Array([1.5, -0, Number.MAX_VALUE, Number.NaN]);
  const frames: Frame[] = [];
  const reader = new FrameReader((frame) => frames.push(frame));
  const buffers = encodeFrame({ kind: FRAME.run, id: 1, count: 1, room: 32 }, [asBytes(numbers)]);
  assert.equal(buffers[1]?.buffer, numbers.buffer);
  for (const buffer of buffers) reader.push(buffer);
  assert.deepEqual([...asFloats(frames[0]!.payload)], [...numbers, 0, 0, 0, 0]);
});

test("a buffer that is used again shows nothing of the payload before", () => {
  const used = new Uint8Array(12).fill(7);
  const frames: Frame[] = [];
  const reader = new FrameReader(
    (frame) => frames.push(frame),
    undefined,
    () => used,
  );
  for (const buffer of encodeFrame({ kind: FRAME.run, id: 1, room: 12 }, [Uint8Array.of(0, 1, 2, 3)]))
    reader.push(buffer);
  assert.deepEqual([...frames[0]!.payload], [0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test("what is no frame is refused", () => {
  const reader = new FrameReader(() => assert.fail("no frame was sent"));
  const buffers = encodeFrame({ kind: 1, id: 1, room: 2 }, [new Uint8Array(3)]);
  assert.throws(() => reader.push(buffers[0]!), RangeError);
});
