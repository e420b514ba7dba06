/** Typed values as bytes: what any library writes is read, and what is written any library reads. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { ResiduaError } from "../../../src/errors.js";
import { contentsOf, numbersOf } from "../../../src/http/grpc/tensor-contents.js";
import { repository } from "../../server-process.js";
import { watchLoop } from "../../walls/loop-watch.js";

const loader = createRequire(import.meta.url)("@grpc/proto-loader") as {
  loadSync(
    files: string[],
    options: object,
  ): Record<
    string,
    { serialize(message: object): Buffer; deserialize(bytes: Buffer): Record<string, unknown> }
  >;
};
const message = loader.loadSync([join(repository, "src", "http", "grpc", "open-inference.proto")], {
  keepCase: true,
  defaults: true,
  longs: Number,
})["inference.InferTensorContents"]!;

const bytesOf = (values: Float32Array | Float64Array) => new Uint8Array(values.buffer);

test("values are read and written as the library does, beside values of other types", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double()),
      fc.array(fc.float()),
      fc.array(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n })),
      (doubles, floats, integers) => {
        const written = message.serialize({
          fp64_contents: doubles,
          fp32_contents: floats,
          int64_contents: integers.map(Number),
          bytes_contents: [Buffer.from("x")],
        });
        assert.deepEqual(numbersOf(written, "FP64"), bytesOf(Float64Array.from(doubles)));
        assert.deepEqual(numbersOf(written, "FP32"), bytesOf(Float32Array.from(floats)));
        const read = message.deserialize(contentsOf("FP64", bytesOf(Float64Array.from(doubles))));
        assert.deepEqual(read["fp64_contents"], doubles);
      },
    ),
  );
  assert.deepEqual(message.deserialize(contentsOf("BOOL", Uint8Array.of(1, 0, 1)))["bool_contents"], [
    true,
    false,
    true,
  ]);
});

test("values that are not packed are read, too", () => {
  const one = Buffer.concat([Buffer.of(0x35), bytesOf(Float32Array.of(1.5))]);
  assert.deepEqual(numbersOf(Buffer.concat([one, one]), "FP32"), bytesOf(Float32Array.of(1.5, 1.5)));
});

test("whatever the bytes are, they are read or refused", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom("FP32" as const, "FP64" as const),
      (bytes, type) => {
        try {
          const numbers = numbersOf(bytes, type);
          assert.ok(numbers.length <= bytes.length && numbers.length % (type === "FP32" ? 4 : 8) === 0);
        } catch (error) {
          assert.ok(error instanceof ResiduaError && error.code === "INVALID_REQUEST");
        }
      },
    ),
  );
});

test("four million values take milliseconds, and are refused where each stands by itself", () => {
  const packed = contentsOf("FP32", new Uint8Array(16_000_000));
  const single = Buffer.alloc(16_000_000, Buffer.of(0x35, 0, 0, 0, 0));
  const loop = watchLoop();
  assert.equal(numbersOf(packed, "FP32").length, 16_000_000);
  assert.throws(() => numbersOf(single, "FP32"), /more than 100000 fields; send the numbers packed/);
  const { longestMs } = loop.end();
  assert.ok(longestMs <= 50, `it took ${longestMs} ms`);
});
