/** The same readings, written in random dialects, are the same data set; or a sentence names an option that helps. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { type Dataset, type DatasetOptions, readDataset } from "../../src/data/dataset.js";
import { InputError } from "../../src/errors.js";

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-dialects-"));
});
after(() => rm(folder, { recursive: true }));

const pad = (value: number, size = 2) => String(value).padStart(size, "0");
const parts = (ms: number) => {
  const date = new Date(ms);
  return {
    year: String(date.getUTCFullYear()),
    month: pad(date.getUTCMonth() + 1),
    day: pad(date.getUTCDate()),
    hour: date.getUTCHours(),
    clock: `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())}`,
  };
};
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Ways to write a time, each with what --time-format has to say where the file leaves it open. */
const TIMES: Readonly<Record<string, { write: (ms: number) => string; format?: string }>> = {
  iso: { write: (ms) => new Date(ms).toISOString() },
  plain: { write: (ms) => new Date(ms).toISOString().slice(0, 19).replace("T", " ") },
  german: {
    write: (ms) => `${parts(ms).day}.${parts(ms).month}.${parts(ms).year} ${parts(ms).clock}`,
    format: "DD.MM.YYYY HH:mm:ss",
  },
  british: {
    write: (ms) => `${parts(ms).day}/${parts(ms).month}/${parts(ms).year} ${parts(ms).clock}`,
    format: "%d/%m/%Y %H:%M:%S",
  },
  american: {
    write: (ms) => {
      const { year, month, day, hour, clock } = parts(ms);
      return `${month}/${day}/${year} ${hour % 12 || 12}${clock.slice(2)} ${hour < 12 ? "AM" : "PM"}`;
    },
    format: "MM/DD/YYYY hh:mm:ss A",
  },
  named: {
    write: (ms) =>
      `${parts(ms).day}-${MONTHS[Number(parts(ms).month) - 1]}-${parts(ms).year} ${parts(ms).clock}`,
  },
  compact: { write: (ms) => new Date(ms).toISOString().slice(0, 19).replace(/[-:T]/g, "") },
  offset: { write: (ms) => `${new Date(ms + 7_200_000).toISOString().slice(0, 19)}+02:00` },
  seconds: { write: (ms) => String(ms / 1000) },
  milliseconds: { write: (ms) => String(ms) },
};

const readings = fc.array(
  fc.tuple(
    fc.option(fc.integer({ min: -999_999, max: 9_999_999 }), { freq: 9, nil: undefined }),
    fc.integer({ min: 0, max: 3000 }),
  ),
  { minLength: 30, maxLength: 60 },
);
const dialect = fc.record({
  encoding: fc.constantFrom("utf8", "utf8 mark", "utf16le", "utf16le mark", "latin1"),
  gzip: fc.boolean(),
  delimiter: fc.constantFrom(",", ";", "\t", "|"),
  decimal: fc.constantFrom(".", ","),
  thousands: fc.boolean(),
  time: fc.constantFrom(...Object.keys(TIMES)),
  stepMs: fc.constantFrom(1000, 60_000, 900_000, 3_600_000, 86_400_000),
  start: fc.integer({ min: Date.UTC(2001, 0, 1) / 1000, max: Date.UTC(2030, 0, 1) / 1000 }),
  missing: fc.constantFrom("", "NaN", "NULL", "n/a", "-"),
  unit: fc.constantFrom("", " °C", "%"),
  preamble: fc.constantFrom("", "# made by a logger\n", "Logger 7\nSite A\n", "sep="),
  newline: fc.constantFrom("\n", "\r\n"),
  order: fc.constantFrom([0, 1, 2], [1, 0, 2], [2, 1, 0]),
});

type Rows = readonly (readonly [number | undefined, number])[];
interface Dialect {
  readonly encoding: string;
  readonly gzip: boolean;
  readonly delimiter: string;
  readonly decimal: string;
  readonly thousands: boolean;
  readonly time: string;
  readonly stepMs: number;
  readonly start: number;
  readonly missing: string;
  readonly unit: string;
  readonly preamble: string;
  readonly newline: string;
  readonly order: readonly number[];
}

function writeFileText(rows: Rows, d: Dialect): string {
  const number = (hundredths: number): string => {
    const [whole, fraction] = (Math.abs(hundredths) / 100).toFixed(2).split(".");
    const mark = d.decimal === "." ? "," : ".";
    const grouped = d.thousands ? whole!.replace(/\B(?=(\d{3})+$)/g, mark) : whole;
    return `${hundredths < 0 ? "-" : ""}${grouped}${d.decimal}${fraction}`;
  };
  const quote = (cell: string) => (cell.includes(d.delimiter) ? `"${cell}"` : cell);
  const line = (cells: readonly string[]) => d.order.map((index) => quote(cells[index]!)).join(d.delimiter);
  const lines = [line(["Zeit", "Wärme", "count"])];
  rows.forEach(([heat, count], row) => {
    const time = TIMES[d.time]!.write(d.start * 1000 + row * d.stepMs);
    lines.push(line([time, heat === undefined ? d.missing : `${number(heat)}${d.unit}`, String(count)]));
  });
  const preamble = d.preamble === "sep=" ? `sep=${d.delimiter}\n` : d.preamble;
  const text = `${preamble}${lines.join("\n")}\n`;
  return text.replaceAll("\n", d.newline);
}

function encode(text: string, { encoding, gzip }: Dialect): Buffer {
  const marked = encoding.endsWith("mark") ? `\ufeff${text}` : text;
  const bytes = Buffer.from(marked, encoding.split(" ")[0] as BufferEncoding);
  return gzip ? gzipSync(bytes) : bytes;
}

function check(dataset: Dataset, rows: Rows, d: Dialect): void {
  assert.deepEqual([...dataset.features].sort(), ["Wärme", "count"].sort());
  const at = (name: string) => dataset.features.indexOf(name);
  const [series] = dataset.series;
  rows.forEach(([heat, count], row) => {
    assert.equal(series!.timestampsMs![row], d.start * 1000 + row * d.stepMs);
    assert.equal(series!.values[row * 2 + at("Wärme")], heat === undefined ? Number.NaN : heat / 100);
    assert.equal(series!.values[row * 2 + at("count")], count);
  });
}

test("random dialects of the same readings", async () => {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(readings, dialect, async (rows, d) => {
      const path = join(folder, "data.csv");
      await writeFile(path, encode(writeFileText(rows, d), d));
      let dataset: Dataset;
      try {
        dataset = await readDataset([path]);
      } catch (error) {
        assert.ok(error instanceof InputError, String(error));
        refused++;
        const options: DatasetOptions = error.message.includes("--time-format")
          ? { timeFormat: TIMES[d.time]!.format }
          : { decimal: d.decimal as "." | "," };
        assert.match(error.message, /--time-format|--decimal/);
        dataset = await readDataset([path], options);
      }
      check(dataset, rows, d);
    }),
    { numRuns: 200 },
  );
  assert.ok(refused < 100, `${refused} of 200 files had to be read with an option`);
});
