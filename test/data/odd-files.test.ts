/** Files that were misread without a word: other ways to write times and numbers, and several machines in one file. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { DatasetOptions } from "../../src/data/dataset.js";
import { createDataFolder } from "./data-folder.js";
import { refusal } from "./refusal.js";

const folder = createDataFolder();
before(folder.create);
after(folder.remove);

const START = Date.UTC(2024, 2, 1);
const STEP = 900_000;
const rows = Array.from({ length: 240 }, (_, row) => ({
  row,
  date: new Date(START + row * STEP),
  iso: new Date(START + row * STEP).toISOString(),
  temp: (20 + 3 * Math.sin(row / 10)).toFixed(2),
  flow: (100 + 10 * Math.cos(row / 15)).toFixed(1),
}));
type Row = (typeof rows)[number];
const EXPECTED = {
  features: ["temp", "flow"],
  times: rows.map(({ row }) => START + row * STEP),
  values: rows.flatMap(({ temp, flow }) => [Number(temp), Number(flow)]),
};

const read = (header: string, line: (row: Row) => string, options: DatasetOptions = {}) =>
  folder.read({ "odd.csv": `${header}\n${rows.map(line).join("\n")}\n` }, options);

const two = (value: number) => String(value).padStart(2, "0");
const clock = ({ date }: Row) => `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:00`;
const day = ({ date }: Row, mark: string) => `${two(date.getUTCDate())}${mark}03${mark}2024`;
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

const FORMS: Readonly<Record<string, { header?: string; line: (row: Row) => string; notes?: RegExp }>> = {
  "a weekday before the date": {
    line: (row) => `${WEEKDAYS[row.date.getUTCDay()]} ${day(row, ".")} ${clock(row)},${row.temp},${row.flow}`,
  },
  "dates of mail": {
    line: (row) => `"${row.date.toUTCString()}",${row.temp},${row.flow}`,
  },
  "a. m. and p. m.": {
    line: (row) => {
      const hour = row.date.getUTCHours();
      const half = hour < 12 ? "a. m." : "p. m.";
      return `${day(row, "/")} ${two(hour % 12 || 12)}:${two(row.date.getUTCMinutes())}:00 ${half},${row.temp},${row.flow}`;
    },
  },
  "basic form with a decimal comma": {
    line: ({ iso, temp, flow }) => `"${iso.replace(/[-:]/g, "").replace(".", ",")}",${temp},${flow}`,
  },
  "year, month, day, hour and minute in five columns": {
    header: "year,month,day,hour,minute,temp,flow",
    line: ({ date, temp, flow }) =>
      `2024,3,${date.getUTCDate()},${date.getUTCHours()},${date.getUTCMinutes()},${temp},${flow}`,
    notes: /the time is put together from the columns "year", "month", "day", "hour", "minute"\.$/,
  },
  "exponents of Fortran": {
    line: ({ iso, temp, flow }) =>
      `${iso},${(Number(temp) / 10).toFixed(3)}D+01,${(Number(flow) * 10).toFixed(0)}.d-01`,
  },
};

for (const [name, { header = "time,temp,flow", line, notes }] of Object.entries(FORMS)) {
  test(`is read: ${name}`, async () => {
    const dataset = await read(header, line);
    const [series] = dataset.series;
    assert.deepEqual(dataset.features, EXPECTED.features);
    assert.deepEqual([...series!.timestampsMs!], EXPECTED.times);
    assert.deepEqual([...series!.values], EXPECTED.values);
    assert.deepEqual(
      dataset.files[0]!.features.map(({ unit }) => unit),
      [undefined, undefined],
    );
    assert.equal(dataset.notes.length, notes === undefined ? 0 : 1);
    if (notes !== undefined) assert.match(dataset.notes[0]!, notes);
  });
}

test("negative readings with the minus sign of typography", async () => {
  const { series } = await read("time,temp,flow", ({ iso, temp, flow }) => `${iso},\u2212${temp},${flow}`);
  assert.equal(series[0]!.values[0], -20);
});

test("elapsed times as hours and minutes are times, and times of day go on after midnight", async () => {
  const start = (dataset: Awaited<ReturnType<typeof read>>) => {
    const [series] = dataset.series;
    return [...series!.timestampsMs!].map((ms) => ms - series!.timestampsMs![0]!);
  };
  const expected = rows.map(({ row }) => row * STEP);
  const elapsed = ({ row, temp, flow }: Row) =>
    `${Math.floor(row / 4)}:${two((row % 4) * 15)}:00,${temp},${flow}`;
  const since = await read("Elapsed,temp,flow", elapsed);
  assert.deepEqual(start(since), expected);
  assert.deepEqual(since.features, EXPECTED.features);
  assert.match(since.notes[0]!, /"Elapsed" is taken as elapsed time/);
  const days = ({ row, temp, flow }: Row) =>
    `${Math.floor(row / 96)} days ${two(Math.floor(row / 4) % 24)}:${two((row % 4) * 15)}:00,${temp},${flow}`;
  assert.deepEqual(start(await read("time,temp,flow", days)), expected);
  const ofDay = await read("time,temp,flow", (row) => `${clock(row)},${row.temp},${row.flow}`);
  assert.deepEqual(start(ofDay), expected);
  assert.match(ofDay.notes[0]!, /a day is added where it passes midnight/);
});

test("a time that is not understood is refused, not left out as text", async () => {
  assert.match(
    await refusal(read("time,temp,flow", (row) => `week ${row.row} of 2024,${row.temp},${row.flow}`)),
    /column "time": "week 0 of 2024" is not a time that is known; --time-format says/,
  );
});

test("machines whose rows take turns at times of their own are not read as one", async () => {
  const line = ({ iso, date, temp }: Row, shift: number) => {
    const later = new Date(date.getTime() + shift).toISOString();
    return `${iso},7,${temp}\n${later},9,${Number(temp) + 30}`;
  };
  const uneven = "take turns, as those of several machines do: --group-column";
  assert.match(
    await refusal(read("time,no,temp", (row) => line(row, 7000))),
    new RegExp(`"no" .* ${uneven} no `),
  );
  assert.match(
    await refusal(read("time,pump_id,temp", (row) => line(row, STEP / 2))),
    new RegExp(`${uneven} pump_id makes a series of each; --exclude pump_id takes them as one`),
  );
  const apart = await read("time,pump_id,temp", (row) => line(row, STEP / 2), { groupColumn: "pump_id" });
  assert.deepEqual(
    apart.series.map(({ group, rows }) => [group, rows]),
    [
      ["7", 240],
      ["9", 240],
    ],
  );
  // A day of the week takes turns too, at even steps.
  const daily = await read("time,weekday,temp", ({ row, temp }) => {
    const date = new Date(START + row * 86_400_000);
    return `${date.toISOString().slice(0, 10)},${date.getUTCDay()},${temp}`;
  });
  assert.deepEqual(daily.features, ["weekday", "temp"]);
});

test("hosts of one measurement of InfluxDB do not overwrite each other", async () => {
  const header = ",result,table,_start,_stop,_time,_value,_field,_measurement,host";
  const line = ({ iso, temp, flow }: Row) =>
    ["a", "b"]
      .flatMap((host, index) => [
        `,,0,2024-03-01T00:00:00Z,2024-03-04T00:00:00Z,${iso},${Number(temp) + index * 9},temp,plant,${host}`,
        `,,1,2024-03-01T00:00:00Z,2024-03-04T00:00:00Z,${iso},${flow},flow,plant,${host}`,
      ])
      .join("\n");
  assert.match(
    await refusal(read(header, line)),
    /480 readings have the tag and time of another, and column "host" \("a", "b"\) tells them apart: --group-column host/,
  );
  const { series } = await read(header, line, { groupColumn: "host" });
  assert.deepEqual(
    series.map(({ group, rows, values }) => [group, rows, values[0]]),
    [
      ["a", 240, 20],
      ["b", 240, 29],
    ],
  );
});

test("an option that an error names can be pasted into a shell", async () => {
  for (const cell of ["<0.5", "****", "(0.31)"]) {
    const line = ({ iso, row, temp }: Row) => `${iso},${row === 5 ? cell : temp}`;
    const message = await refusal(read("time,temp", line));
    assert.ok(message.includes(`--missing '${cell}'`), message);
    const { taken } = await read("time,temp", line, { missing: [cell] });
    assert.equal(taken!.features[0]!.missing, 1);
  }
});
