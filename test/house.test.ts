/** Rules of this code base that the compiler does not check: which way imports point, and what files may hold. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/**
 * Folders of src/ (and its entries) with what each may import besides itself. Each arrow is one that some import uses:
 * one that none uses any more is to be taken out.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  network: ["errors"],
  keras: ["network", "errors"],
  scoring: ["errors"],
  data: ["scoring", "errors"],
  engine: ["network", "scoring", "errors"],
  training: ["data", "engine", "network", "scoring", "errors"],
  evaluation: ["training", "data", "engine", "network", "scoring", "errors"],
  registry: ["engine", "network", "scoring", "available-memory", "errors"],
  publishing: [
    "serving",
    "registry",
    "evaluation",
    "training",
    "data",
    "engine",
    "network",
    "scoring",
    "errors",
  ],
  report: ["charts", "serving", "evaluation", "training", "data", "scoring"],
  serving: ["registry", "training", "data", "engine", "scoring", "errors"],
  jobs: ["publishing", "registry", "training", "data", "engine", "config", "errors"],
  charts: [],
  watch: ["registry", "errors"],
  dashboard: ["charts", "scoring"],
  "available-cores": [],
  "available-memory": [],
  config: ["available-cores", "available-memory", "errors"],
  http: ["jobs", "serving", "registry", "data", "engine", "network", "scoring", "config", "errors"],
  cli: [
    "watch",
    "jobs",
    "charts",
    "report",
    "serving",
    "publishing",
    "registry",
    "evaluation",
    "training",
    "keras",
    "data",
    "engine",
    "scoring",
    "config",
    "last-exit",
    "log-output",
    "repeated-signals",
    "errors",
  ],
  "heap-growth": [],
  run: ["setup"],
  "last-exit": [],
  "log-output": [],
  "repeated-signals": [],
  server: ["heap-growth", "http", "config", "last-exit", "log-output", "repeated-signals", "errors"],
};

interface Import {
  readonly file: string;
  readonly target: string;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((file) => /\.(ts|mjs)$/.test(file) && statSync(join(root, file)).isFile());
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  const found = text.matchAll(
    /^\s*(?:import|export)\b[^;"'=]*?\bfrom\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/gm,
  );
  return [...found].map((match) => ({ file, target: match[1] ?? match[2] ?? match[3] ?? "" }));
}

const imports = sourceFiles("src").flatMap(importsOf);

/** The folder or entry that a file belongs to: `src/http/app.ts` -> `http`, `src/cli.ts` -> `cli`. */
function room(file: string): string {
  return (relative("src", file).split("/")[0] ?? "").replace(/\.(ts|js|mjs)$/, "");
}

test("there are imports to look at", () => {
  assert.ok(imports.length > 20);
});

test("imports point down only", () => {
  const wrong = imports
    .filter(({ file, target }) => target.startsWith(".") && !file.includes("/assembly/"))
    .map(({ file, target }) => ({ file, to: join(dirname(file), target) }))
    .filter(({ file, to }) => {
      const from = room(file);
      const into = room(to);
      return from !== into && from !== "setup" && !(MAY_IMPORT[from] ?? []).includes(into);
    })
    .map(({ file, to }) => `${file} imports ${to}`);
  assert.deepEqual(wrong, []);
});

test("every arrow that is allowed is one that an import uses", () => {
  const used = new Set(
    imports
      .filter(({ target }) => target.startsWith("."))
      .map(({ file, target }) => `${room(file)} -> ${room(join(dirname(file), target))}`),
  );
  const allowed = Object.entries(MAY_IMPORT).flatMap(([from, targets]) =>
    targets.map((into) => `${from} -> ${into}`),
  );
  assert.deepEqual(
    allowed.filter((arrow) => !used.has(arrow)),
    [],
  );
});

/** The file that an import names; undefined where it is a package. */
function fileOf({ file, target }: Import): string | undefined {
  if (!target.startsWith(".")) return undefined;
  const path = join(dirname(file), target);
  return /\.(js|mjs)$/.test(path) ? path.replace(/\.js$/, ".ts") : `${path}.ts`;
}

/** A circle of imports that can be reached from a file, as a list of files that begins and ends with the same one. */
function findCircle(
  file: string,
  graph: ReadonlyMap<string, readonly string[]>,
  done: Set<string>,
  path: readonly string[] = [],
): readonly string[] | undefined {
  if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
  if (done.has(file)) return undefined;
  for (const next of graph.get(file) ?? []) {
    const circle = findCircle(next, graph, done, [...path, file]);
    if (circle !== undefined) return circle;
  }
  done.add(file);
  return undefined;
}

test("no file imports itself by way of others, not even its types", () => {
  const files = sourceFiles("src");
  const graph = new Map(
    files.map((file) => [file, importsOf(file).flatMap((found) => fileOf(found) ?? [])] as const),
  );
  const unknown = [...graph.values()].flat().filter((file) => !graph.has(file));
  assert.deepEqual(unknown, []);
  const done = new Set<string>();
  const circles = files.flatMap((file) => {
    const circle = findCircle(file, graph, done);
    for (const one of circle ?? []) done.add(one);
    return circle === undefined ? [] : [circle.join(" -> ")];
  });
  assert.deepEqual(circles, []);
});

test("no file has more than 250 lines", () => {
  const long = [...sourceFiles("src"), ...sourceFiles("test")]
    .filter((file) => !/\/(templates|generated|fixtures)\//.test(file))
    .map((file) => ({ file, lines: readFileSync(join(root, file), "utf8").split("\n").length - 1 }))
    .filter(({ lines }) => lines > 250)
    .map(({ file, lines }) => `${file}: ${lines}`);
  assert.deepEqual(long, []);
});

test("Fastify stands in http/ and server.ts alone, TensorFlow in engine/tensorflow/ alone", () => {
  const wrong = imports
    .filter(({ file, target }) =>
      /^(fastify|@fastify\/)/.test(target)
        ? !/^src\/(http\/|server\.ts)/.test(file)
        : target.startsWith("@tensorflow/") && !file.startsWith("src/engine/tensorflow/"),
    )
    .map(({ file, target }) => `${file} imports ${target}`);
  assert.deepEqual(wrong, []);
});

test("Amazon's client is named in one file alone", () => {
  const naming = sourceFiles("src").filter((file) =>
    readFileSync(join(root, file), "utf8").includes("@aws-sdk/"),
  );
  assert.deepEqual(naming.sort(), ["src/registry/s3/aws-library.ts", "src/setup/parts.mjs"]);
});

test("no file is a drawer without a name", () => {
  const drawers = sourceFiles("src").filter((file) =>
    /(^|\/)(utils?|helpers?|common|misc|types|shared)\.ts$/.test(file),
  );
  assert.deepEqual(drawers, []);
});

test("the lock file names no registry", () => {
  const lock = readFileSync(join(root, "package-lock.json"), "utf8");
  assert.doesNotMatch(lock, /"resolved"/);
});
