/** Pictures of reports: what is written is what is there, however long it is and whatever it is called. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inflateSync } from "node:zlib";
import fc from "fast-check";
import { linearAxis, logAxis, nameTick, placeOn, ticksOf } from "../../src/report/axis.js";
import { drawHeat } from "../../src/report/heat-picture.js";
import { escapeText } from "../../src/report/html.js";
import { drawLines } from "../../src/report/line-picture.js";
import { encodePng } from "../../src/report/png.js";
import { bandsOf, pointsOf } from "../../src/report/series-look.js";

const plain = { description: "a line", height: 100, xTicks: [] };

test("escaped text has nothing that HTML takes for its own, and says the same", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const escaped = escapeText(text);
      assert.ok(!/[<>"']/.test(escaped));
      const back = escaped
        .replaceAll("&lt;", "<")
        .replaceAll("&gt;", ">")
        .replaceAll("&quot;", '"')
        .replaceAll("&#39;", "'")
        .replaceAll("&amp;", "&");
      assert.equal(back, text.replace(/(?![\t\n\r])\p{Cc}/gu, "\ufffd"));
    }),
  );
});

test("ticks lie on their axis, a few of them, and are read back as they were", () => {
  const size = fc.double({ min: 1e-9, max: 1e12, noNaN: true });
  fc.assert(
    fc.property(size, size, fc.boolean(), (low, span, isLog) => {
      const axis = isLog ? logAxis(low, low * (1 + span)) : linearAxis(low, low + span);
      assert.ok(axis.low < axis.high);
      const ticks = ticksOf(axis, 6);
      assert.ok(ticks.length >= 1 && ticks.length <= 8, `${ticks.length}`);
      for (const tick of ticks) {
        assert.ok(tick >= axis.low * (1 - 1e-9) && tick <= axis.high * (1 + 1e-9));
        assert.ok(Math.abs(Number(nameTick(tick)) - tick) <= 1e-5 * Math.abs(tick));
      }
    }),
    {
      examples: [
        [1e12, 1e-9, false],
        [1e12, 1e-3, false],
        [1e12, 1.5, false],
      ],
    },
  );
});

test("places grow with the value, and stay in the picture", () => {
  const axis = linearAxis(-2, 6);
  assert.deepEqual(
    [axis.low, axis.high].map((end) => placeOn(axis, end)),
    [0, 1],
  );
  assert.equal(placeOn(axis, 2), 0.5);
  assert.deepEqual([placeOn(axis, -1e9), placeOn(axis, 1e9)], [0, 1]);
  assert.ok(Math.abs(placeOn({ low: 1, high: 100, isLog: true }, 10) - 0.5) < 1e-12);
  assert.equal(placeOn({ low: 1, high: 100, isLog: true }, -1), 0);
});

test("a million rows are a small picture, in which a spike of one row reaches the top", () => {
  const values = Float64Array.from({ length: 1_000_000 }, (_, row) => Math.sin(row / 50));
  values[654_321] = 40;
  const x = { low: 0, high: 999_999, isLog: false };
  const y = { low: -1, high: 40, isLog: false };
  const svg = drawLines({ ...plain, x, y, lines: [{ points: pointsOf(values), colour: "#000" }] });
  assert.ok(svg.length < 60_000, `${svg.length} characters`);
  assert.equal([...svg.matchAll(/[ML][\d.]+ 8(?=[MLh"])/g)].length, 1);
});

test("a line is broken where values are missing, and a value alone is seen", () => {
  const points = { rows: Float64Array.of(0, 1, 2, 3, 4), values: [1, 2, null, 1, null] };
  const axis = { low: 0, high: 4, isLog: false };
  const svg = drawLines({ ...plain, x: axis, y: axis, lines: [{ points, colour: "#000" }] });
  assert.match(svg, /class="line" stroke="#000" d="M[\d. ]+L[\d. ]+M[\d. ]+h1"/);
});

test("bands are runs of marked rows", () => {
  assert.deepEqual(bandsOf(Uint8Array.of(1, 0, 1, 1, 0, 1)), [
    [0, 1],
    [2, 4],
    [5, 6],
  ]);
});

test("an image holds its pixels and its palette", () => {
  const pixels = Uint8Array.of(0, 1, 2, 2, 1, 0);
  const palette = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
  const png = encodePng(pixels, { width: 3, height: 2, palette });
  assert.equal(png.toString("latin1", 1, 4), "PNG");
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [3, 2]);
  const at = png.indexOf("IDAT");
  const rows = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)));
  assert.deepEqual([...rows], [0, 0, 1, 2, 0, 2, 1, 0]);
  assert.deepEqual([...png.subarray(png.indexOf("PLTE") + 4).subarray(0, 9)], [...palette]);
  // The checksum of an empty IEND is known.
  assert.equal(png.subarray(-4).toString("hex"), "ae426082");
});

test("the largest error of a heat map is the darkest, and missing ones are none", () => {
  const svg = drawHeat({ features: ["a", "b"], columns: 2, errors: Float64Array.of(0, 4, Number.NaN, 1) });
  const png = Buffer.from(/base64,([^"]+)/.exec(svg)![1]!, "base64");
  const at = png.indexOf("IDAT");
  const rows = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)));
  assert.deepEqual([...rows], [0, 0, 255, 0, 0, 128]);
});
