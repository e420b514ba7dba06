/**
 * Clients that generators make from openapi.json score on a real service. The generators are installed for the test
 * alone, beside this project, and it is skipped where they cannot be.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { INSTALL_MS, installed } from "../clients/packages.js";
import { pythonWith } from "../clients/python.js";
import { temporaryFolder } from "../registry/publications.js";
import { OPENAPI_FILE } from "./openapi-file.js";
import { startService, WINDOW } from "./running-service.js";

const run = promisify(execFile);

test("types by openapi-typescript compile, and openapi-fetch scores with them", async (t) => {
  const tools = await installed(t, "typescript-client", (folder) => {
    writeFileSync(join(folder, "package.json"), '{"private":true,"type":"module"}');
    const packages = ["openapi-typescript@7", "openapi-fetch@0.17", "typescript@5.9"];
    return run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", ...packages], {
      cwd: folder,
      timeout: INSTALL_MS,
    });
  });
  if (tools === undefined) return;
  const { url } = await startService(t, { contents: { small: {} } });
  const node = (...args: string[]) => run(process.execPath, args, { cwd: tools });
  await node("node_modules/openapi-typescript/bin/cli.js", OPENAPI_FILE, "-o", "schema.d.ts");
  writeFileSync(
    join(tools, "client.ts"),
    `import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";
const client = createClient<paths>({ baseUrl: ${JSON.stringify(url)} });
const windows: components["schemas"]["WindowsRequest"]["windows"] = ${JSON.stringify([WINDOW])};
const params = { path: { name: "small" } };
const { data } = await client.POST("/v1/models/{name}/score", { params, body: { windows, include: ["timestepError"] } });
if (data === undefined || typeof data === "string" || !("windows" in data)) throw new Error("no windows");
const score: number | null = data.windows[0]!.score;
const { error } = await client.POST("/v1/models/{name}/score", { params, body: { windows: [[[1, 2]]] } });
const code: components["schemas"]["ErrorCode"] | undefined = error?.code;
// @ts-expect-error: there is no such part.
const part: components["schemas"]["Part"] = "scores";
console.log(JSON.stringify({ score, code, part }));
`,
  );
  await node(
    ...["node_modules/typescript/bin/tsc", "--strict", "--module", "nodenext", "--target", "es2022"],
    ...["--lib", "es2023,dom", "--skipLibCheck", "client.ts"],
  );
  const { stdout } = await node("client.js");
  const { score, code } = JSON.parse(stdout) as { score: number; code: string };
  assert.ok(Number.isFinite(score));
  assert.equal(code, "SHAPE_MISMATCH");
});

test("a client by openapi-python-client has few classes, and scores", async (t) => {
  const found = await pythonWith();
  if ("skip" in found) {
    t.skip(found.skip);
    return;
  }
  const { url } = await startService(t, { contents: { small: {} } });
  const folder = await temporaryFolder(t);
  const bin = dirname(found.python);
  await run(
    join(bin, "openapi-python-client"),
    ["generate", "--path", OPENAPI_FILE, "--output-path", join(folder, "residua_client"), "--meta", "none"],
    { env: { ...process.env, PATH: `${bin}:${process.env["PATH"]}` } },
  );
  const models = readdirSync(join(folder, "residua_client", "models"));
  assert.ok(models.length < 110, `${models.length} classes`);
  const { stdout } = await run(
    found.python,
    [
      "-c",
      `import json
from residua_client import Client
from residua_client.api.scoring import score
from residua_client.models import Problem, WindowScores, WindowsRequest
client = Client(base_url=${JSON.stringify(url)})
answer = score.sync("small", client=client, body=WindowsRequest(windows=${JSON.stringify([WINDOW])}))
assert isinstance(answer, WindowScores), answer
wrong = score.sync("small", client=client, body=WindowsRequest(windows=[[[1, 2]]]))
assert isinstance(wrong, Problem), wrong
print(json.dumps({"score": answer.windows[0].score, "code": wrong.code}))
`,
    ],
    { cwd: folder },
  );
  const { score, code } = JSON.parse(stdout) as { score: number; code: string };
  assert.ok(Number.isFinite(score));
  assert.equal(code, "SHAPE_MISMATCH");
});

test("redocly finds nothing to say", async (t) => {
  const tools = await installed(t, "redocly", (folder) => {
    writeFileSync(join(folder, "package.json"), '{"private":true,"type":"module"}');
    const install = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "@redocly/openapi-core@2"];
    return run("npm", install, { cwd: folder, timeout: INSTALL_MS });
  });
  if (tools === undefined) return;
  writeFileSync(
    join(tools, "lint.mjs"),
    `import { readFileSync } from "node:fs";
import { createConfig, lintFromString } from "@redocly/openapi-core";
const config = await createConfig({ extends: ["recommended"] });
const source = readFileSync(process.argv[2], "utf8");
const problems = await lintFromString({ source, config });
console.log(JSON.stringify(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])));
`,
  );
  const { stdout } = await run(process.execPath, ["lint.mjs", OPENAPI_FILE], { cwd: tools });
  assert.deepEqual(JSON.parse(stdout), []);
});
