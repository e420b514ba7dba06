/** What openapi.json says of bodies and answers that are not JSON, and of the options in the query. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Document } from "../../src/http/openapi/document.js";
import type { TABLE_OPTIONS } from "../../src/http/score-schema.js";
import { OPENAPI_FILE } from "./openapi-file.js";
import { startService } from "./running-service.js";

const document = JSON.parse(readFileSync(OPENAPI_FILE, "utf8")) as Document;
const score = document.paths["/v1/models/{name}/score"]!["post"]!;
const rows = Array.from({ length: 12 }, (_, row) => [20 + row, 1e5 + row]);

test("each body of a series that the document lists is taken, and each answer that it lists is given", async (t) => {
  const { url } = await startService(t, { contents: { small: {} } });
  const bodies: Record<string, string> = {
    "application/json": JSON.stringify({ series: rows }),
    "text/csv": `temperature,pressure\n${rows.map((row) => row.join()).join("\n")}\n`,
    "application/x-ndjson": rows.map((row) => JSON.stringify(row)).join("\n"),
  };
  assert.deepEqual(Object.keys(score.requestBody!.content!), Object.keys(bodies));
  const answers = Object.keys(score.responses["200"]!.content!);
  assert.equal(answers.length, 4);
  for (const [sent, body] of Object.entries(bodies)) {
    for (const accept of answers) {
      const headers = { "content-type": sent, accept };
      const response = await fetch(`${url}/v1/models/small/score`, { method: "POST", headers, body });
      // Its type and, in JSON, its members are compared with the document when it is read.
      const text = await response.text();
      assert.equal(response.status, 200, text);
      assert.equal(response.headers.get("content-type")!.split(";")[0], accept);
    }
  }
});

test("each option in the query has the type that it has in a body, and is taken", async (t) => {
  const { url } = await startService(t, { contents: { small: {} } });
  const described = new Map(score.parameters!.map(({ name, schema }) => [name, schema!]));
  const values: Record<(typeof TABLE_OPTIONS)[number], [type: unknown, value: string]> = {
    last: ["integer", "3"],
    include: ["array", "timestepError,featureError"],
    scorer: [undefined, "squared"],
    stride: ["integer", "2"],
    maxGapMs: ["number", "1500.5"],
    "threshold.falseAlarmRate": ["number", "0.1"],
    "threshold.falseAlarms": ["string", "2/1000rows"],
    "threshold.value": ["number", "1e-2"],
    continuation: ["string", ""],
  };
  const lines = rows.map(([a, b], row) => `${new Date(1000 * row).toISOString()},${a},${b}`);
  const body = `time,temperature,pressure\n${lines.join("\n")}\n`;
  for (const [name, [type, value]] of Object.entries(values)) {
    assert.equal(described.get(name)?.["type"], type, name);
    const query = new URLSearchParams({ [name]: value });
    const headers = { "content-type": "text/csv" };
    const response = await fetch(`${url}/v1/models/small/score?${query}`, { method: "POST", headers, body });
    const text = await response.text();
    // The small model has no rates of alarms, which is another matter than a wrong option.
    assert.equal(response.status, name === "threshold.falseAlarms" ? 422 : 200, `${name}: ${text}`);
  }
  assert.deepEqual(described.get("scorer"), { $ref: "#/components/schemas/Scorer" });
});
