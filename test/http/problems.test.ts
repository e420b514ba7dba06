/** Errors as the person who meets them reads them, and the pages on them. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ERRORS } from "../../src/errors.js";
import { problemPath } from "../../src/http/problem-page.js";
import { repository } from "../server-process.js";
import { startService, WINDOW } from "./running-service.js";

interface Problem {
  readonly type: string;
  readonly code: string;
  readonly detail: string;
  readonly errors?: { path: string; message: string }[];
}

const small = { contents: { small: {} } };
const windows = [WINDOW];
const series = [...WINDOW, ...WINDOW];
test("a message says what was sent, what may be there, and what to do", async (t) => {
  const { score } = await startService(t, small);
  const ask = async (body: unknown, headers?: Record<string, string>) => {
    const response = await score("small", body, headers);
    const problem = (await response.json()) as Problem;
    assert.equal(response.status, 400, JSON.stringify(problem));
    return problem;
  };
  for (const [body, path, message] of [
    [
      { windows, include: ["scores"] },
      "/include/0",
      /^must be one of "timestepError", .*"embedding".*, not "scores"$/,
    ],
    [{ windows, include: "embedding" }, "/include", 'must be an array, not "embedding"'],
    [
      { windows, scorer: "x".repeat(90) },
      "/scorer",
      new RegExp(`^must be one of "squared", .*, not "${"x".repeat(40)}…"$`),
    ],
    [
      { windows, window: 1 },
      "/window",
      /^is not a known member; known are windows, .*include, .*\bthreshold$/,
    ],
    [
      { series, stide: 2 },
      "/stide",
      /^is not a known member; known are series, timestamps, .*include, .*\bstride\b/,
    ],
    [{ series, stride: 0 }, "/stride", "must be a whole number of at least 1, not 0"],
    [{ series, stride: "2" }, "/stride", 'must be a whole number of at least 1, not "2"'],
    [
      { windows, threshold: 0.5 },
      "/threshold",
      "must be an object with one of falseAlarmRate, value, falseAlarms, not 0.5",
    ],
    [
      { windows, threshold: {} },
      "/threshold",
      "must be an object with one of falseAlarmRate, value, falseAlarms; it has no member",
    ],
    [
      { windows, threshold: { falseAlarmRate: 2 } },
      "/threshold/falseAlarmRate",
      "must be a number above 0 and below 1, not 2",
    ],
    [
      { windows, threshold: { value: 1, falseAlarmRate: 0.1 } },
      "/threshold",
      'must be an object with one of falseAlarmRate, value, falseAlarms; it has "value", "falseAlarmRate"',
    ],
    [
      { series, threshold: { falseAlarms: "weekly" } },
      "/threshold/falseAlarms",
      'must be a string such as "1/week" or "2/1000rows", not "weekly"',
    ],
    [
      { windows: [[[20, "n/a"], ...WINDOW.slice(1)]] },
      "/windows/0/0/1",
      'must be a number or null, not "n/a" (row 0, feature 1 "pressure")',
    ],
    [
      { series: [...series.slice(0, 3), [99_900, {}]], columns: ["pressure", "temperature"] },
      "/series/3/1",
      'must be a number or null, not an object (row 3, feature 1 "temperature")',
    ],
    [
      { series: [...series.slice(0, 3), { pressure: true }] },
      "/series/3/pressure",
      'must be a number or null, not true (row 3, feature "pressure")',
    ],
    [{ readings: [], model: 1 }, "", 'must have windows or series; it has "readings", "model"'],
    [
      `{"series":${JSON.stringify(series).replace("99900", "NaN")}}`,
      "/series/3/1",
      "NaN is not JSON: send null for a missing reading",
    ],
    [
      `{"windows":${JSON.stringify(windows).replace("20", "1e999")}}`,
      "/windows/0/0/0",
      /send null for a missing reading/,
    ],
  ] as const) {
    const { errors = [], detail } = await ask(body);
    assert.equal(errors[0]?.path, path, detail);
    if (typeof message === "string") assert.equal(errors[0]?.message, message);
    else assert.match(errors[0]?.message ?? "", message);
    assert.ok(detail.includes(errors[0]!.message) || errors.length > 1, detail);
  }
  const { detail } = await ask({ windows }, { "x-request-timeout-ms": "soon" });
  assert.match(detail, /x-request-timeout-ms must be a string such as "30000", not "soon"/);
});

test("each error has a page that the type of its problem leads to, open to all", async (t) => {
  const { url } = await startService(t, { ...small, config: { RESIDUA_API_TOKEN: "t" } });
  const refused = await fetch(`${url}/v1/models`);
  const { type, code } = (await refused.json()) as Problem;
  assert.equal(type, "/problems/unauthorized");
  for (const [known, { title }] of Object.entries(ERRORS)) {
    const response = await fetch(url + problemPath(known as keyof typeof ERRORS));
    const page = await response.text();
    assert.equal(response.status, 200, known);
    assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
    assert.ok(page.includes(known) && page.includes(title.split("'")[0]!), known);
    const [, style] = /<style>(.*)<\/style>/.exec(page)!;
    const digest = Buffer.from(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style)));
    assert.ok(
      response.headers.get("content-security-policy")?.includes(`'sha256-${digest.toString("base64")}'`),
    );
    assert.doesNotMatch(page, /<script|undefined/);
  }
  assert.equal(code, "UNAUTHORIZED");
  for (const name of ["no-such-error", "QUEUE_FULL", "queue_full", "%3Cscript%3E"]) {
    const response = await fetch(`${url}/problems/${name}`);
    assert.equal(response.status, 404, name);
    assert.match(((await response.json()) as Problem).detail, /\/problems\/queue-full/);
  }
});

test("settings and routes that the pages name exist", () => {
  const folder = join(repository, "src");
  const sources = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(".ts"))
    .map((name) => [name, readFileSync(join(folder, name), "utf8")] as const);
  const texts = sources.find(([name]) => name.endsWith("problem-texts.ts"))![1];
  const config = sources.find(([name]) => name === "config.ts")![1];
  for (const [setting] of texts.matchAll(/RESIDUA_[A-Z_]+/g))
    assert.ok(config.includes(`${setting}:`), setting);
});
