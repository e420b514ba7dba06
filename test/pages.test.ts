/** What the pages name exists: files, npm scripts, and scenarios of the bench. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { repository } from "./server-process.js";

/** A placeholder or a pattern, such as `models/<name>/<version>`, `*.ts` or `test/{a,b}.ts`. */
const PLACEHOLDER = /[<>*{}…$]|\.\.\.|NAME|VERSION/;
/** Folders that only a build or an install makes, and so may be named though no checkout has them. */
const MADE = /^(dist|node_modules)(\/|$)/;

const pages = ["README.md", "CONTRIBUTING.md", "docs"]
  .filter((page) => existsSync(join(repository, page)))
  .flatMap((page) =>
    page.endsWith(".md")
      ? [page]
      : readdirSync(join(repository, page), { recursive: true })
          .map((name) => join(page, String(name)))
          .filter((name) => name.endsWith(".md")),
  )
  .map((name) => ({ name, text: readFileSync(join(repository, name), "utf8") }));
const { scripts } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
  scripts: Readonly<Record<string, string>>;
};
const topLevel = readdirSync(repository);

/** Targets of links that are paths; without the heading that a link may lead to. */
function linkedPaths(text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1]!.split("#")[0]!)
    .filter((target) => target !== "" && !/^[a-z]+:/.test(target));
}

/** Words in backticks that begin with a file or folder of the project, such as `src/errors.ts`. */
function quotedPaths(text: string): string[] {
  return [...text.replace(/^```.*?^```$/gms, "").matchAll(/`([\w@.-]+(?:\/[\w@.<>*{},…$-]*)*)(?::\d+)?`/g)]
    .map((match) => match[1]!)
    .filter((path) => path.includes("/") && topLevel.includes(path.split("/")[0]!));
}

/** Each `npm run SCRIPT`, `npm start` and `npm test`. */
function npmScripts(text: string): string[] {
  return [...text.matchAll(/\bnpm (?:run (?:-s |--silent )?([a-z][\w:-]*)|(start|test)\b)/g)].map(
    (match) => match[1] ?? match[2]!,
  );
}

/** Scenarios of the bench, with `npm run` in front or, as tables name them, without. */
function scenarios(text: string): string[] {
  return [...text.matchAll(/\bbench -- ([a-z][\w-]*)/g)].map((match) => match[1]!);
}

test("the ways in which pages name things are understood", () => {
  assert.deepEqual(linkedPaths("[a](docs/a.md#b) [c](https://d.e) [f](#g) [h](../i)"), ["docs/a.md", "../i"]);
  assert.deepEqual(
    quotedPaths("`src/a.ts`, `src/b.ts:12`, `application/json`, `src/<name>.ts`, `npm start`"),
    ["src/a.ts", "src/b.ts", "src/<name>.ts"],
  );
  assert.deepEqual(quotedPaths("```\n`src/a.ts`\n```\n"), []);
  assert.deepEqual(npmScripts("An npm script: npm start, `npm run -s bench -- engine`, npm run residua"), [
    "start",
    "bench",
    "residua",
  ]);
  assert.deepEqual(scenarios("`bench -- wire`, T50; npm run -s bench -- http"), ["wire", "http"]);
});

for (const { name, text } of pages) {
  test(`files that ${name} names exist`, () => {
    const missing = [
      ...linkedPaths(text).map((path) => join(dirname(name), path)),
      ...quotedPaths(text),
    ].filter((path) => !PLACEHOLDER.test(path) && !MADE.test(path) && !existsSync(join(repository, path)));
    assert.deepEqual(missing, []);
  });

  test(`npm scripts and scenarios that ${name} names exist`, () => {
    const unknown = npmScripts(text).filter((script) => scripts[script] === undefined);
    assert.deepEqual(unknown, []);
    const unmeasured = scenarios(text).filter(
      (scenario) => !existsSync(join(repository, "test", "bench", `${scenario}.ts`)),
    );
    assert.deepEqual(unmeasured, []);
  });
}

test("the README and the page for contributors are among the pages", () => {
  const names = pages.map(({ name }) => name);
  assert.ok(names.includes("README.md") && names.includes("CONTRIBUTING.md"));
});
