/** schemathesis sends what openapi.json allows and what it forbids, and compares each answer with the document. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { OPENAPI_FILE } from "../http/openapi-file.js";
import { startService } from "../http/running-service.js";
import { temporaryFolder } from "../registry/publications.js";
import { pythonWith, runProgram } from "./python.js";

/** Seconds of requests. */
const BUDGET = 40;
const CHECKS = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_headers_conformance",
  "response_schema_conformance",
  "unsupported_method",
];
/** Names that exist, so that not every request ends at 404. */
const PARAMETERS = { "path.name": "small", "path.model": "small", "path.version": "1" };

const found = await pythonWith();

test("whatever is sent, answers are as openapi.json says", {
  skip: "skip" in found ? found.skip : false,
}, async (t) => {
  const { url } = await startService(t, { config: { RESIDUA_ADMIN_TOKEN: "admin" } });
  const config = join(await temporaryFolder(t), "schemathesis.toml");
  const parameters = Object.entries(PARAMETERS).map(([name, value]) => `"${name}" = "${value}"`);
  const headers = 'headers = { Authorization = "Bearer admin" }';
  await writeFile(config, [headers, "[parameters]", ...parameters, ""].join("\n"));
  const { status, out, err } = await runProgram("python" in found ? found.python : "", [
    ...["-m", "schemathesis.cli", "--config-file", config, "run", OPENAPI_FILE, "--url", url],
    ...["--phases", "coverage,fuzzing", "--max-time", String(BUDGET), "--checks", CHECKS.join()],
    ...["--seed", "1", "--no-shrink", "--continue-on-failure", "--warnings", "off"],
  ]);
  assert.equal(status, 0, `${out.slice(-8000)}${err.slice(-2000)}`);
  assert.match(out, /[1-9]\d* generated, [1-9]\d* passed/);
});
