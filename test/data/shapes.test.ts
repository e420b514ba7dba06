/** Further shapes of the same readings: exports of databases and dashboards, spreadsheets, aligned text. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { DatasetOptions } from "../../src/data/dataset.js";
import { createDataFolder } from "./data-folder.js";

const folder = createDataFolder();
before(folder.create);
after(folder.remove);

const START = Date.UTC(2024, 2, 13);
const rows = Array.from({ length: 60 }, (_, row) => ({
  ms: START + row * 900_000,
  iso: new Date(START + row * 900_000).toISOString().slice(0, 19),
  temp: (20 + Math.sin(row / 3)).toFixed(3),
  flow: (100 + 9 * Math.cos(row / 5)).toFixed(3),
}));
type Row = (typeof rows)[number];
const lines = (line: (row: Row, index: number) => string): string[] => rows.map(line);
const read = (text: readonly string[], options: DatasetOptions = {}) =>
  folder.read({ "data.csv": `${text.join("\n")}\n` }, options);
const EXPECTED = {
  features: ["temp", "flow"],
  values: rows.flatMap(({ temp, flow }) => [Number(temp), Number(flow)]),
  times: rows.map(({ ms }) => ms),
};

const wide = (row: Row) => `${row.iso},${row.temp},${row.flow}`;
const SHAPES: Readonly<Record<string, { text: readonly string[]; options?: DatasetOptions }>> = {
  "times of day without their zeros": {
    text: [
      "date,time,temp,flow",
      ...lines(({ iso, temp, flow }) => {
        const [date, clock] = iso.split("T");
        return `${date!.replaceAll("-", "")},${Number(clock!.replaceAll(":", ""))},${temp},${flow}`;
      }),
    ],
  },
  "comments among the rows": {
    text: ["time,temp,flow", ...lines(wide).slice(0, 9), "# restart", ...lines(wide).slice(9)],
  },
  "a preamble as wide as the table": {
    text: [
      "Logger;7;",
      "Site;A;",
      "",
      "time;temp;flow",
      ...lines(wide).map((line) => line.replaceAll(",", ";")),
    ],
  },
  "a preamble of other widths": {
    text: ["Device: X7", "From: 2024-03-05 10:00, A", "", "time,temp,flow", ...lines(wide)],
  },
  "a header in a comment": { text: ["# time,temp,flow", ...lines(wide)] },
  "the header again among the rows": {
    text: ["time,temp,flow", ...lines(wide).slice(0, 30), "time,temp,flow", ...lines(wide).slice(30)],
  },
  "aligned by blanks": {
    text: ["  time   temp  flow", ...lines(({ iso, temp, flow }) => `  ${iso}   ${temp}  ${flow}`)],
  },
  "aligned, with date and time apart": {
    text: [
      "date time temp flow",
      ...lines(({ iso, temp, flow }) => `${iso.replace("T", " ")}   ${temp}  ${flow}`),
    ],
  },
  "annotated CSV of InfluxDB": {
    text: [
      "#group,false,false,false,false,true",
      "#datatype,string,long,dateTime:RFC3339,double,string",
      "#default,_result,,,,",
      ",result,table,_time,_value,_field",
      ...lines(({ iso, temp }) => `,,0,${iso}Z,${temp},temp`),
      "",
      ",result,table,_time,_value,_field",
      ...lines(({ iso, flow }) => `,,1,${iso}Z,${flow},flow`),
    ],
  },
  "export of Grafana": {
    text: [
      '"Time","temp","flow"',
      ...lines(({ iso, temp, flow }) => `${iso.replace("T", " ")},${temp} °C,${flow} m³/h`),
    ],
  },
  "a price": { text: ["time,temp,flow", ...lines(({ iso, temp, flow }) => `${iso},$${temp},${flow}`)] },
  "milliseconds under no name of a time": {
    text: ["x,temp,flow", ...lines(({ ms, temp, flow }) => `${ms},${temp},${flow}`)],
  },
  "a zone with several meanings, as --time-format names it": {
    text: [
      "time,temp,flow",
      ...lines(({ iso, temp, flow }) => `${iso.replace("T", " ")} IST,${temp},${flow}`),
    ],
    options: { timeFormat: "YYYY-MM-DD HH:mm:ss IST" },
  },
};

for (const [name, { text, options }] of Object.entries(SHAPES)) {
  test(`is read: ${name}`, async () => {
    const { features, series } = await read(text, options);
    assert.deepEqual([...features], EXPECTED.features);
    assert.equal(series.length, 1);
    assert.deepEqual([...series[0]!.values], EXPECTED.values);
    assert.deepEqual([...series[0]!.timestampsMs!], EXPECTED.times);
  });
}

test("days as spreadsheets count them", async () => {
  const { series, features } = await read([
    "date,temp",
    ...lines(({ ms, temp }) => `${ms / 86_400_000 + 25_569},${temp}`),
  ]);
  assert.deepEqual([...features], ["temp"]);
  assert.deepEqual([...series[0]!.timestampsMs!], EXPECTED.times);
});

test("what cannot be known is refused with the option that helps, or said", async () => {
  const long = (machine: string) =>
    rows.flatMap(({ iso, temp, flow }) => [
      `${iso},${machine},temp,${temp}`,
      `${iso},${machine},flow,${flow}`,
    ]);
  await assert.rejects(
    read(["time,machine,tag,value", ...long("a"), ...long("b")]),
    /columns "machine" .* and "tag" .*: --group-column machine .*--tag-column tag --value-column value/,
  );
  await assert.rejects(
    read(["time,machine,tag,value", ...long("a"), ...long("b")], { groupColumn: "machine" }),
    /column "tag" .*: --tag-column tag --value-column value/,
  );
  const both = await read(["time,machine,tag,value", ...long("a"), ...long("b")], {
    groupColumn: "machine",
    tagColumn: "tag",
    valueColumn: "value",
  });
  assert.deepEqual(
    both.series.map(({ group, values }) => [group, [...values]]),
    [
      ["a", EXPECTED.values],
      ["b", EXPECTED.values],
    ],
  );
  await assert.rejects(
    read(["time,temp", ...lines(({ iso, temp }) => `${iso.replace("T", " ")} IST,${temp}`)]),
    /the zone IST is not known or has several meanings: --time-format 'YYYY-MM-DD HH:mm:ss IST' with --time-zone/,
  );
  await assert.rejects(
    read(['[{"a": 1},', '{"a": 2}]']),
    /data\.csv is one JSON array; JSON is read as an object a line/,
  );
  const units = await read([
    "time,temp,flow",
    ...lines((row, i) => `${row.iso},${row.temp} ${i % 2 ? "kW" : "W"},${row.flow}`),
  ]);
  assert.match(units.notes.join(), /"temp" is left out: its numbers have several units: ".* W", ".* kW"/);
});

test("the dates of one day may be in either order, and the option takes them without the time of day", async () => {
  const text = [
    "time,temp",
    ...rows.slice(0, 40).map(({ temp }, i) => `05/03/2024 0${i % 10}:${10 + Math.floor(i / 10)},${temp}`),
  ];
  await assert.rejects(read(text), /--time-format DD\/MM\/YYYY or --time-format MM\/DD\/YYYY says which/);
  const { series } = await read(text, { timeFormat: "DD/MM/YYYY" });
  assert.equal(series[0]!.timestampsMs![0], Date.UTC(2024, 2, 5, 0, 10));
});

test("local times of a zone, over both changes of its clock", async () => {
  const hours = (from: string, count: number) =>
    Array.from({ length: count }, (_, hour) => Date.parse(from) + hour * 3_600_000);
  const format = new Intl.DateTimeFormat("sv-SE", {
    timeZone: "Europe/Berlin",
    dateStyle: "short",
    timeStyle: "medium",
  });
  for (const from of ["2024-10-26T20:00:00Z", "2024-03-30T20:00:00Z"]) {
    const times = hours(from, 24);
    const text = ["time,temp", ...times.map((ms, row) => `${format.format(ms)},${Math.sin(row)}`)];
    const { series, notes } = await read(text, { timeZone: "Europe/Berlin" });
    assert.deepEqual([...series[0]!.timestampsMs!], times);
    assert.deepEqual(notes, []);
  }
  await assert.rejects(
    read(["time,a", "2024-01-01 00:00,1"], { timeZone: "Mars/Base" }),
    /There is no time zone "Mars\/Base"/,
  );
});
