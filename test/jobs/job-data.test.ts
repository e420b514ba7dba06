/** A JSON series as the data of a job: what is read, and what is said where it is none. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { seriesData } from "../../src/jobs/job-data.js";
import { modelsFolder } from "./job-service.js";

test("a JSON series is read as JSON lines, with names for columns, times and labels that no feature has", async (t) => {
  const file = join(await modelsFolder(t), "data");
  await writeFile(
    file,
    JSON.stringify({
      series: [
        [1, null],
        [2.5, 3],
      ],
      columns: ["timestamp", "b"],
      timestamps: [10, 20],
      labels: [true, null],
    }),
  );
  const { source, reading } = await seriesData(file);
  assert.deepEqual(reading, { timeColumn: "_timestamp", labelColumn: "label" });
  let text = "";
  for await (const chunk of source.open()) text += Buffer.from(chunk).toString();
  assert.deepEqual(
    text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
    [
      { _timestamp: 10, timestamp: 1, b: null, label: 1 },
      { _timestamp: 20, timestamp: 2.5, b: 3, label: 0 },
    ],
  );
});

test("a body that is no series is refused with the place and what would be right", async (t) => {
  const file = join(await modelsFolder(t), "data");
  for (const [body, message] of [
    ["a,b", /^The body is not JSON: /],
    ["[[1], [2]]", /^The body has to be an object with the rows: \{"series": \[\[3\.1, 20\.4\], /],
    ['{"data": [[1]]}', /^The body has no series; it has to have the rows: \{"series"/],
    ['{"series": [[1]], "names": []}', /^\/names is no member of the body; there are series, columns, /],
    ['{"series": 5}', /^\/series has to be an array of rows: /],
    ['{"series": []}', /^\/series has no rows\.$/],
    ['{"series": [1, 2, 3]}', /^\/series\/0 has to be a row of readings, \[3\.1, 20\.4\] or .*, not 1\.$/],
    ['{"series": [[1], ["x"]]}', /^\/series\/1\/0 has to be a number, or null .*, not "x"\.$/],
    ['{"series": [{"flow rate": true}]}', /^\/series\/0: "flow rate" has to be a number, .*, not true\.$/],
    ['{"series": [[1], {"a": 1}]}', /^\/series\/1 is an object, and \/series\/0 is not: all rows /],
    ['{"series": [[1], [1, 2]]}', /^\/series\/1 has 2 readings; \/series\/0 has 1\.$/],
    ['{"series": [[1]], "columns": [1]}', /^\/columns\/0 cannot be 1: Expected string\.$/],
    ['{"series": [[1]], "labels": [0, 1]}', /^\/labels has 2 entries, and \/series 1 rows\.$/],
  ] as const) {
    await writeFile(file, body);
    await assert.rejects(seriesData(file), (error: Error) => {
      assert.equal(error.constructor.name, "InputError");
      assert.match(error.message, message);
      return true;
    });
  }
});
