/** Files in the shapes people have: what is read from each, or why it is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DatasetOptions } from "../../src/data/dataset.js";
import { InputError } from "../../src/errors.js";
import { learnt, readCase as read } from "./case-files.js";

/** Readings of two features by row. */
const plain = learnt(await read("01_plain.csv"));
const [readings] = plain.series;
const HOUR = 3_600_000;

/** The readings of 01 with times `stepMs` apart. */
function withTimes(first: string, stepMs: number) {
  const from = Date.parse(first);
  return {
    maxGapMs: 10 * stepMs,
    series: [{ ...readings!, times: readings!.times!.map((_, row) => from + row * stepMs) }],
  };
}

interface Case {
  readonly file: string;
  readonly options?: DatasetOptions;
  /** What differs from the plain file. */
  readonly but?: Partial<typeof plain>;
  /** Sentences that are said; none where it is left out. */
  readonly notes?: readonly RegExp[];
}

const SAME: readonly Case[] = [
  { file: "02_bom.csv" },
  { file: "03_utf16le_excel.csv" },
  { file: "04_semicolon_deccomma.csv", but: { features: ["Temperatur", "Durchfluss"] } },
  { file: "06_ddmmyyyy_amb.csv", but: withTimes("2024-03-01T00:00:00Z", HOUR) },
  { file: "06b_ddmmyyyy_unamb.csv", but: withTimes("2024-03-13T00:00:00Z", HOUR) },
  { file: "06d_mmddyyyy_ampm.csv", but: withTimes("2024-03-13T00:00:00Z", HOUR) },
  { file: "06h_compact.csv", but: withTimes("2024-03-13T00:00:00Z", HOUR) },
  { file: "07e_epoch_other_name.csv" },
  { file: "07f_epoch_time_s_name.csv" },
  {
    file: "08b_local_dst_fall.csv",
    options: { timeZone: "Europe/Berlin" },
    but: withTimes("2024-10-26T12:00:00Z", HOUR / 4),
  },
  { file: "10_date_time_two_cols.csv" },
  { file: "10_date_time_two_cols.csv", options: { dateColumn: "Date", timeColumn: "Time" } },
  { file: "10c_date_time_num.csv" },
  { file: "12_units_row.csv" },
  { file: "13_comment.csv" },
  { file: "13e_sep.csv" },
  { file: "28_long.csv", options: { tagColumn: "tag", valueColumn: "value" } },
  { file: "29_jsonl.jsonl" },
  { file: "30_cp1252.csv", but: { features: ["temp °C", "Durchfluß"] } },
  { file: "30b_utf8_deg.csv", but: { features: ["temp °C", "Durchfluß"] } },
  { file: "32_id.csv", notes: [/"id" is left out: it counts up by 3/] },
  {
    file: "33_qual.csv",
    options: { exclude: ["temp_quality"] },
  },
  { file: "35d_spaces_hdr.txt" },
  { file: "39_comma_in_header.csv", but: { features: ["temp, degC", "flow"] } },
  {
    file: "39_comma_in_header.csv",
    options: { columns: ["temp, degC", "flow"] },
    but: { features: ["temp, degC", "flow"] },
  },
  {
    file: "40_two_row_header.csv",
    notes: [/two header rows \("", "sensor A", "sensor A"; "time", "temp", "flow"\).*--units-row/],
  },
  { file: "80_german_month.csv" },
  { file: "81_hour_24.csv" },
  { file: "81b_hour_24_two_cols.csv" },
  { file: "82_filetime.csv" },
  { file: "82b_net_ticks.csv" },
  { file: "82c_matlab_days.csv" },
  { file: "82d_spreadsheet_days.csv" },
  {
    file: "83_toa5.dat",
    notes: [
      /three header rows: .* the third \("Avg", "Smp"\) is passed over/,
      /"RECORD" is left out: it counts/,
    ],
  },
  {
    file: "84_zone_in_name.csv",
    notes: [
      /the times are taken as GMT\+01:00, as the name of "Date Time, GMT\+01:00" says/,
      /"#" is left out/,
    ],
  },
  {
    file: "84_zone_in_name.csv",
    options: { timeZone: "UTC" },
    but: withTimes("2024-03-01T01:00:00Z", HOUR / 4),
    notes: [/"#" is left out/],
  },
  {
    file: "85_some_zones.csv",
    notes: [/140 times of "time" name a zone and 100 do not; these are taken as UTC/],
  },
  { file: "91_blank_rows.csv", notes: [/rows without a time or any other cell are passed over \(4\)/] },
  { file: "92_clock_with_point.csv" },
  { file: "93_basic_offset.csv" },
  {
    file: "94_zone_word_in_name.csv",
    notes: [/the name of "Time \(CET\)" says CET, and its times are taken as UTC: --time-zone/],
  },
  { file: "95_topics.jsonl", options: { tagColumn: "topic", valueColumn: "payload" } },
  {
    file: "87_siemens_trend.csv",
    options: { tagColumn: "VarName", valueColumn: "VarValue" },
    notes: [/"Validity" is left out: a row of a long file is one reading/, /"Time_ms" is left out/],
  },
];

for (const { file, options, but, notes = [] } of SAME) {
  test(`${file} ${options === undefined ? "" : JSON.stringify(options)} is read as the plain file`, async () => {
    const dataset = await read(file, options);
    assert.deepEqual(learnt(dataset), { ...plain, ...but });
    assert.equal(dataset.notes.length, notes.length, dataset.notes.join("\n"));
    for (const [index, note] of notes.entries()) assert.match(dataset.notes[index]!, note);
  });
}

const REFUSED: readonly { file: string; options?: DatasetOptions; message: RegExp }[] = [
  {
    file: "04d_comma_deccomma_noquote_nohdr.csv",
    message: /20,009, which may be one number or two columns: --decimal , /,
  },
  { file: "17z_mid_text.csv", message: /line 2, column "temp": "Bad" is not a number \(--missing Bad / },
  { file: "28_long.csv", message: /--tag-column tag --value-column value/ },
  { file: "28c_long_groups.csv", message: /--group-column machine/ },
  {
    file: "86_arrays.jsonl",
    message: /a JSON array in each line, whose values have no names; JSON is read as an object/,
  },
  { file: "90_two_tables.csv", message: /line 63 has 2 cells; the header has 3/ },
  { file: "95_topics.jsonl", message: /--tag-column topic --value-column payload/ },
  {
    file: "96_tags_take_turns.csv",
    message:
      /one reading a row, .*--tag-column Tag --value-column Value makes a feature of each; with --resample/,
  },
  { file: "87_siemens_trend.csv", message: /--tag-column VarName --value-column VarValue/ },
  {
    file: "88_no_year.csv",
    message: /"01\.03\. 00:00" is not a time that is known; it has no year.*--exclude time/,
  },
  {
    file: "44c_ms_then_s.csv",
    message:
      /line 122, column "time": "1709359200" would be in seconds, but the rows before are milliseconds/,
  },
];

for (const { file, options, message } of REFUSED) {
  test(`${file} is refused, with the option that helps`, async () => {
    await assert.rejects(
      read(file, options),
      (error) => error instanceof InputError && message.test(error.message),
    );
  });
}
