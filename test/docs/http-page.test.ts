/** The lines of docs/http.md that readers paste, run against a server with the shipped models. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pythonWith, runProgram } from "../clients/python.js";
import { repository, type ServerProcess, startServer } from "../server-process.js";

const ADDRESS = "127.0.0.1:3000";
const hasShell = ["bash", "curl", "awk", "gzip"].every(
  (name) => spawnSync("sh", ["-c", `command -v ${name}`]).status === 0,
);

let server: ServerProcess;
/** Stands for a fresh clone: blocks write their files here. */
let folder: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "residua-page-"));
  for (const name of ["models", "examples"])
    symlinkSync(join(repository, name), join(folder, name), "junction");
  server = await startServer({
    RESIDUA_THREADS: "1",
    RESIDUA_POLL_SECONDS: "0",
    RESIDUA_MODELS: join(repository, "models"),
    RESIDUA_READY: "models",
    RESIDUA_CORS_ORIGINS: "https://plant.example",
  });
  await server.ready();
});
after(async () => {
  await server?.end();
  rmSync(folder, { recursive: true, force: true });
});

/** What stands between fences of a language, in order. */
function blocksOf(language: string): string[] {
  const text = readFileSync(join(repository, "docs", "http.md"), "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(
    (match) => match[1]!,
  );
}

/** Writes a block that asks this server. */
function write(name: string, block: string): string {
  const file = join(folder, name);
  writeFileSync(file, block.replaceAll(ADDRESS, new URL(server.url).host));
  return file;
}

test("the shell's lines are answered, one after the other", {
  skip: !hasShell && "bash, curl, awk or gzip is missing",
}, async () => {
  const blocks = blocksOf("sh").filter((block) => !/^(npm|RESIDUA_\w+=)/.test(block));
  assert.ok(blocks.length >= 8, String(blocks.length));
  for (const [i, block] of blocks.entries()) {
    const script = write(`block-${i}.sh`, `cd ${JSON.stringify(folder)}\n${block}`);
    const { status, out, err } = await runProgram("bash", ["-euo", "pipefail", script]);
    assert.equal(status, 0, `${block}\n${out.slice(0, 1000)}\n${err}`);
    if (block.includes("problem.json")) assert.equal(out, '422\n"code":"SHAPE_MISMATCH"\n');
    else if (block.includes("OPTIONS")) {
      assert.match(out, /^access-control-allow-origin: https:\/\/plant\.example\r$/im);
      assert.match(out, /^access-control-allow-headers: .*content-type/im);
    } else if (block.includes("accept: text/csv")) {
      assert.equal(out.trimEnd().split("\n").length, 4, out);
      assert.match(out, /^\{"model":.*"bounds":/);
      assert.match(out, /\n2013-12-18T[\d:.]+Z,\d/);
    } else if (!block.includes("tail"))
      assert.match(out, /^\{"model":\{"name":"machine-temperature"/m, block);
  }
});

test("TypeScript compiles strictly, and prints what it counted", async () => {
  const [block, ...more] = blocksOf("ts");
  assert.equal(more.length, 0);
  const source = write("score.mts", `${block}\nexport {};\n`);
  const compiler = join(repository, "node_modules", "typescript", "bin", "tsc");
  const settings = [
    "--ignoreConfig",
    "--strict",
    "--target",
    "es2022",
    "--module",
    "nodenext",
    "--skipLibCheck",
  ];
  const types = ["--typeRoots", join(repository, "node_modules", "@types"), "--types", "node"];
  const compiled = await runProgram(process.execPath, [compiler, ...settings, ...types, source]);
  assert.equal(compiled.status, 0, compiled.out);
  const { status, out, err } = await runProgram(process.execPath, [source.replace(/mts$/, "mjs")]);
  assert.equal(status, 0, err);
  assert.match(out, /^200 timesteps, \d+ events\n$/);
});

test("Python's blocks run with httpx, tritonclient and pyarrow", async (t) => {
  const found = await pythonWith();
  if ("skip" in found) return t.skip(found.skip);
  const blocks = blocksOf("python");
  const printed = [/^\d{3,} timesteps, .*"peak"/, /^200 timesteps, \d+ events\n$/, /\(8, 64, 1\)\n$/];
  assert.equal(blocks.length, printed.length);
  for (const [i, block] of blocks.entries()) {
    const { status, out, err } = await runProgram(found.python, [
      write(`block-${i}.py`, `import os\n\nos.chdir(${JSON.stringify(folder)})\n${block}`),
    ]);
    assert.equal(status, 0, err);
    assert.match(out, printed[i]!);
  }
});
