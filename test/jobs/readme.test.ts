/** The README's path by HTTP alone: its lines as they stand there, with the address of this server. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runProgram } from "../clients/python.js";
import { repository } from "../server-process.js";
import { modelsFolder, serve } from "./job-service.js";

const hasShell = ["bash", "curl", "sed"].every(
  (name) => spawnSync("sh", ["-c", `command -v ${name}`]).status === 0,
);

test("data are sent, watched and scored with", {
  skip: !hasShell && "bash, curl or sed is missing",
}, async (t) => {
  const readme = readFileSync(join(repository, "README.md"), "utf8");
  const blocks = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1]!);
  const [block, ...more] = blocks.filter((text) => text.includes("/events"));
  assert.ok(block !== undefined && more.length === 0);
  const service = await serve(t, await modelsFolder(t), { RESIDUA_ADMIN_TOKEN: "secret" });
  const script = block.replaceAll("127.0.0.1:3000", new URL(service.server.url).host);
  const { status, out, err } = await runProgram("bash", [
    "-euo",
    "pipefail",
    "-c",
    `cd ${JSON.stringify(repository)}\n${script}`,
  ]);
  assert.equal(status, 0, `${out.slice(-2000)}\n${err}\n${service.server.log()}`);
  assert.match(out, /"state":"done".*"version":"1"/);
  assert.match(out, /\{"model":\{"name":"by-request","version":"1"/);
});
