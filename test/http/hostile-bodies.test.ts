/**
 * Bodies that no client should send: each is told what was wrong, and the service serves on as if nothing
 * was.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startService, WINDOW } from "./running-service.js";

const BODY_LIMIT = 300_000;
const windows = JSON.stringify([WINDOW]);
const row = "[20,100000]";
const nested = (depth: number, inside = "") => "[".repeat(depth) + inside + "]".repeat(depth);

/** What is sent, with the code it has to get, and, where one thing is to blame, the pointer to it. */
const HOSTILE: readonly (readonly [name: string, body: string | Uint8Array, code: string, path?: string])[] =
  [
    ["nothing", "", "INVALID_JSON"],
    ["spaces", " \n\t ", "INVALID_JSON"],
    ["a lone byte order mark", "\ufeff", "INVALID_JSON"],
    ["a truncated body", `{"windows":${windows.slice(0, -3)}`, "INVALID_JSON"],
    ["a truncated string", '{"windows', "INVALID_JSON"],
    ["two bodies", `{"windows":${windows}}{"windows":${windows}}`, "INVALID_JSON"],
    ["NaN", `{"windows":[[${row},${row},${row},[NaN,1]]]}`, "INVALID_JSON"],
    ["Infinity", `{"windows":[[${row},${row},${row},[-Infinity,1]]]}`, "INVALID_JSON"],
    ["a trailing comma", `{"windows":${windows},}`, "INVALID_JSON"],
    ["single quotes", "{'windows':[]}", "INVALID_JSON"],
    ["a comment", `{/* hello */"windows":${windows}}`, "INVALID_JSON"],
    ["a number with a leading zero", `{"windows":[[[020,1]]]}`, "INVALID_JSON"],
    ["a hexadecimal number", `{"windows":[[[0x14,1]]]}`, "INVALID_JSON"],
    ["a control character", '{"windows\u0001":[]}', "INVALID_JSON"],
    ["text in UTF-16", Buffer.from(`{"windows":${windows}}`, "utf16le"), "INVALID_JSON"],
    ["bytes that are no UTF-8", new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]), "INVALID_JSON"],
    ["gzip", new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]), "INVALID_JSON"],
    ["50,000 open brackets", "[".repeat(50_000), "INVALID_JSON"],
    ["50,000 nested brackets", nested(50_000), "INVALID_REQUEST", ""],
    ["50,000 nested brackets for windows", `{"windows":${nested(50_000)}}`, "INVALID_REQUEST"],
    [
      "50,000 nested brackets for a threshold",
      `{"windows":${windows},"threshold":${nested(50_000)}}`,
      "INVALID_REQUEST",
    ],
    ["50,000 nested objects", '{"a":'.repeat(50_000), "INVALID_JSON"],
    ["null", "null", "INVALID_REQUEST", ""],
    ["a number", "17", "INVALID_REQUEST", ""],
    ["a string", '"windows"', "INVALID_REQUEST", ""],
    ["an array", windows, "INVALID_REQUEST", ""],
    ["an empty object", "{}", "INVALID_REQUEST"],
    ["windows that are null", '{"windows":null}', "INVALID_REQUEST", "/windows"],
    ["windows that are a string", '{"windows":"[[[1,2]]]"}', "INVALID_REQUEST", "/windows"],
    ["windows that are an object", '{"windows":{"0":[[1,2]]}}', "INVALID_REQUEST", "/windows"],
    ["no window at all", '{"windows":[]}', "INVALID_REQUEST", "/windows"],
    ["a window that is a number", '{"windows":[1,2]}', "INVALID_REQUEST", "/windows/0"],
    ["a row that is a number", '{"windows":[[1,2,3,4]]}', "INVALID_REQUEST", "/windows/0/0"],
    [
      "a string for a reading",
      `{"windows":[[${row},["20",1],${row},${row}]]}`,
      "INVALID_REQUEST",
      "/windows/0/1/0",
    ],
    [
      "an empty string for a reading",
      `{"windows":[[${row},${row},${row},["",1]]]}`,
      "INVALID_REQUEST",
      "/windows/0/3/0",
    ],
    [
      "a boolean for a reading",
      `{"windows":[[${row},[20,true],${row},${row}]]}`,
      "INVALID_REQUEST",
      "/windows/0/1/1",
    ],
    [
      "an array for a reading",
      `{"windows":[[${row},[[20],1],${row},${row}]]}`,
      "INVALID_REQUEST",
      "/windows/0/1/0",
    ],
    [
      "an object for a reading",
      `{"windows":[[${row},[{},1],${row},${row}]]}`,
      "INVALID_REQUEST",
      "/windows/0/1/0",
    ],
    ["1e999", `{"windows":[[${row},${row},[20,1e999],${row}]]}`, "NON_FINITE_VALUE", "/windows/0/2/1"],
    ["-1e999", `{"windows":[[[-1e999,1],${row},${row},${row}]]}`, "NON_FINITE_VALUE", "/windows/0/0/0"],
    [
      "a threshold of 1e999",
      `{"windows":${windows},"threshold":{"value":1e999}}`,
      "NON_FINITE_VALUE",
      "/threshold/value",
    ],
    ["a window too short", `{"windows":[[${row},${row},${row}]]}`, "SHAPE_MISMATCH", "/windows/0"],
    [
      "a window too long",
      `{"windows":[[${row},${row},${row},${row},${row}]]}`,
      "SHAPE_MISMATCH",
      "/windows/0",
    ],
    ["a row too short", `{"windows":[[${row},${row},[1],${row}]]}`, "SHAPE_MISMATCH", "/windows/0/2"],
    ["a row too long", `{"windows":[[${row},${row},[1,2,3],${row}]]}`, "SHAPE_MISMATCH", "/windows/0/2"],
    ["an empty window", '{"windows":[[]]}', "SHAPE_MISMATCH", "/windows/0"],
    [
      "a second window of another shape",
      `{"windows":[${windows.slice(1, -1)},[${row}]]}`,
      "SHAPE_MISMATCH",
      "/windows/1",
    ],
    ["an unknown key", `{"windows":${windows},"window":1}`, "INVALID_REQUEST", "/window"],
    ["a key that needs escaping", `{"windows":${windows},"a/b~c":1}`, "INVALID_REQUEST", "/a~1b~0c"],
    ["__proto__", `{"windows":${windows},"__proto__":{"include":[]}}`, "INVALID_REQUEST", "/__proto__"],
    ["__proto__ inside", `{"windows":${windows},"threshold":{"value":1,"__proto__":{}}}`, "INVALID_REQUEST"],
    [
      "constructor",
      `{"windows":${windows},"constructor":{"prototype":{}}}`,
      "INVALID_REQUEST",
      "/constructor",
    ],
    [
      "something unknown to include",
      `{"windows":${windows},"include":["everything"]}`,
      "INVALID_REQUEST",
      "/include/0",
    ],
    ["a text to include", `{"windows":${windows},"include":"embedding"}`, "INVALID_REQUEST", "/include"],
    ["null to include", `{"windows":${windows},"include":null}`, "INVALID_REQUEST", "/include"],
    [
      "a head the model has not",
      `{"windows":${windows},"include":["prediction"]}`,
      "UNSUPPORTED_BY_MODEL",
      "/include/0",
    ],
    ["an unknown scorer", `{"windows":${windows},"scorer":"cubed"}`, "INVALID_REQUEST", "/scorer"],
    [
      "a scorer the model has not",
      `{"windows":${windows},"scorer":"absolute"}`,
      "UNSUPPORTED_BY_MODEL",
      "/scorer",
    ],
    ["a rate of 0", `{"windows":${windows},"threshold":{"falseAlarmRate":0}}`, "INVALID_REQUEST"],
    ["a rate of 1", `{"windows":${windows},"threshold":{"falseAlarmRate":1}}`, "INVALID_REQUEST"],
    [
      "a rate no calibration carries",
      `{"windows":${windows},"threshold":{"falseAlarmRate":1e-9}}`,
      "UNSUPPORTED_BY_MODEL",
    ],
    [
      "a threshold of two kinds",
      `{"windows":${windows},"threshold":{"falseAlarmRate":0.1,"value":1}}`,
      "INVALID_REQUEST",
    ],
    ["an empty threshold", `{"windows":${windows},"threshold":{}}`, "INVALID_REQUEST"],
    [
      "more windows than the queue holds",
      JSON.stringify({ windows: Array(101).fill(WINDOW) }),
      "TOO_MANY_WINDOWS",
    ],
    ["a body above the limit", JSON.stringify({ windows: Array(9000).fill(WINDOW) }), "BODY_TOO_LARGE"],
  ];

const STATUS: Record<string, number> = {
  INVALID_JSON: 400,
  INVALID_REQUEST: 400,
  NON_FINITE_VALUE: 400,
  TOO_MANY_WINDOWS: 413,
  BODY_TOO_LARGE: 413,
  SHAPE_MISMATCH: 422,
  UNSUPPORTED_BY_MODEL: 422,
};

test("every hostile body gets its 4xx, and a good request right after it 200", async (t) => {
  const { score } = await startService(t, {
    config: { RESIDUA_MAX_QUEUE_WINDOWS: 100, RESIDUA_BODY_LIMIT_BYTES: BODY_LIMIT },
  });
  assert.ok(HOSTILE.length >= 40);
  for (const [name, body, code, path] of HOSTILE) {
    const response = await score("small", body);
    const problem = (await response.json()) as {
      code: string;
      status: number;
      detail: string;
      errors?: { path: string }[];
    };
    assert.equal(problem.code, code, `${name}: ${problem.detail}`);
    assert.equal(response.status, STATUS[code], name);
    assert.equal(problem.status, response.status, name);
    assert.equal(response.headers.get("content-type"), "application/problem+json", name);
    if (path !== undefined) assert.equal(problem.errors?.[0]?.path, path, name);
    const good = await score("small", { windows: [WINDOW], include: [] });
    assert.equal(good.status, 200, `after ${name}`);
    await good.arrayBuffer();
  }
});
