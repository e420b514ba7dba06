/** Parts of the lock file: what `npm ci` is handed for each of them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { repository } from "../server-process.js";

interface Entry {
  readonly version: string;
  readonly integrity: string;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}
type Packages = Readonly<Record<string, Entry>>;
interface Project {
  readonly manifest: object;
  readonly lock: { readonly packages: Packages };
}
interface Subset {
  readonly manifest: Readonly<
    Record<"dependencies" | "optionalDependencies", Readonly<Record<string, string>>>
  >;
  readonly lock: { readonly packages: Packages };
  readonly places: readonly string[];
}
interface Part {
  readonly name: string;
  readonly packages: readonly string[];
}

// Plain JavaScript that runs before there is a compiler, hence without types.
const load = (file: string) => import(pathToFileURL(join(repository, "src", file)).href);
const { closure, lockSubset, outermost } = (await load("setup/lock-subset.mjs")) as {
  closure(packages: Packages, names: readonly string[]): Set<string>;
  lockSubset(
    task: Project & { wanted: readonly string[]; present: readonly string[]; hasAddresses?: boolean },
  ): Subset;
  outermost(place: string): string;
};
const { PARTS, partsFor } = (await load("setup/parts.mjs")) as {
  PARTS: readonly Part[];
  partsFor(
    root: string,
    script: string | undefined,
    env: Readonly<Record<string, string>>,
    args?: readonly string[],
  ): readonly Part[];
};
const json = (file: string) => JSON.parse(readFileSync(join(repository, file), "utf8"));
const real: Project = { manifest: json("package.json"), lock: json("package-lock.json") };

const entry = (version: string, more: Partial<Entry> = {}): Entry => ({
  version,
  integrity: `of-${version}`,
  ...more,
});
const small: Project = {
  manifest: {
    name: "small",
    version: "1.0.0",
    dependencies: { a: "^1.0.0" },
    devDependencies: { "@s/d": "^4.0.0" },
    overrides: { b: "2" },
  },
  lock: {
    packages: {
      "": entry("1.0.0"),
      "node_modules/@s/d": entry("4.1.0", {
        dependencies: { b: "^2.0.0" },
        peerDependencies: { a: "^1.0.0" },
      }),
      "node_modules/a": entry("1.2.0", { dependencies: { b: "^1.0.0", c: "^3.0.0" } }),
      "node_modules/a/node_modules/b": entry("1.9.0"),
      "node_modules/b": entry("2.0.0"),
      "node_modules/c": entry("3.0.0", { dependencies: { b: "^2.0.0" } }),
    },
  },
};

test("what a package needs is found where Node finds it, nested before shared", () => {
  const places = [...closure(small.lock.packages, ["a"])].sort();
  assert.deepEqual(
    places,
    ["a", "a/node_modules/b", "b", "c"].map((name) => `node_modules/${name}`),
  );
});

test("what is installed already is neither in the subset nor depended on", () => {
  const { manifest, lock, places } = lockSubset({ ...small, wanted: ["@s/d"], present: ["a"] });
  assert.deepEqual(places, ["node_modules/@s/d"]);
  assert.deepEqual(manifest.dependencies, { "@s/d": "^4.0.0" });
  assert.deepEqual(Object.keys(lock.packages), ["", "node_modules/@s/d"]);
  assert.deepEqual(lock.packages["node_modules/@s/d"]!.dependencies, {});
  assert.deepEqual(lock.packages["node_modules/@s/d"]!.peerDependencies, {});
  assert.equal(lock.packages["node_modules/@s/d"]!.integrity, "of-4.1.0");
  assert.equal(lock.packages["node_modules/@s/d"]!.resolved, undefined);
});

test("addresses follow the registry's convention and name no registry", () => {
  const { lock } = lockSubset({ ...small, wanted: ["@s/d"], present: [], hasAddresses: true });
  assert.match(
    lock.packages["node_modules/@s/d"]!.resolved!,
    /^https:\/\/[^/]+\.invalid\/@s\/d\/-\/d-4\.1\.0\.tgz$/,
  );
});

test("every package of package.json is in one part, and the parts together are the lock file", () => {
  const { dependencies, devDependencies, optionalDependencies } = json("package.json");
  const declared = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies }).sort();
  const inParts = PARTS.flatMap(({ packages }) => packages);
  assert.deepEqual([...inParts].sort(), declared);
  const all = Object.keys(real.lock.packages).filter((place) => place !== "");
  assert.deepEqual([...closure(real.lock.packages, inParts)].sort(), all.sort());
});

test("in whatever order parts are installed, each package comes once, as it is pinned, in a lock file that is whole", () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([...PARTS], { minLength: 1 }), (order) => {
      const filled = new Set<string>();
      const present: string[] = [];
      for (const { packages } of order) {
        const { lock, places } = lockSubset({ ...real, wanted: packages, present });
        for (const place of places) {
          assert.ok(!filled.has(place), place);
          // A package that is moved into place must not replace one with a part of it already installed.
          assert.ok(outermost(place) === place || places.includes(outermost(place)), place);
          assert.equal(lock.packages[place]!.integrity, real.lock.packages[place]!.integrity);
          for (const name of Object.keys(lock.packages[place]!.dependencies ?? {})) {
            assert.ok(closure(lock.packages, packages).has(place), `${place} is not reached`);
            assert.ok(
              [...closure(lock.packages, packages)].some((each) => each.endsWith(`node_modules/${name}`)),
            );
          }
          filled.add(place);
        }
        present.push(...packages);
      }
      assert.deepEqual([...filled].sort(), [...closure(real.lock.packages, present)].sort());
    }),
    { numRuns: 30 },
  );
});

test("the service is installed without what only tests need, and without TensorFlow where the setting says wasm", () => {
  const names = (script: string | undefined, env = {}, args: readonly string[] = []): string[] =>
    partsFor(repository, script, { RESIDUA_NODE: "system", ...env }, args).map(({ name }) => name);
  assert.deepEqual(names("start"), ["serve", "build", "tensorflow"]);
  assert.deepEqual(names("start", { RESIDUA_ENGINE: "wasm" }), ["serve", "build"]);
  const wasm = { RESIDUA_ENGINE: "wasm" };
  const withS3 = ["serve", "build", "s3"];
  assert.deepEqual(names("start", { ...wasm, RESIDUA_MODELS: "s3://bucket/models" }), withS3);
  assert.deepEqual(names("residua", wasm, ["models", "--models", "s3://bucket"]), [...withS3, "watch"]);
  assert.deepEqual(names("residua", wasm, ["models", "--models=s3://bucket"]), [...withS3, "watch"]);
  assert.deepEqual(names("residua", wasm, ["models", "--models", "folder"]), ["serve", "build", "watch"]);
  const asked = {
    RESIDUA_ENGINE: "wasm",
    RESIDUA_GRPC_PORT: "3001",
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://a",
    RESIDUA_REDIS_URL: "redis://a",
  };
  assert.deepEqual(names("start", asked), ["serve", "build", "grpc", "traces", "redis"]);
  assert.deepEqual(names("image", { RESIDUA_ENGINE: "wasm" }), [
    "serve",
    "build",
    "tensorflow",
    "grpc",
    "traces",
    "s3",
    "redis",
    "watch",
  ]);
  assert.deepEqual(names("residua", { RESIDUA_ENGINE: "wasm" }), ["serve", "build", "watch"]);
  assert.deepEqual(names("bench"), ["serve", "build", "tensorflow", "tests"]);
  const all = ["serve", "build", "tensorflow", "grpc", "traces", "s3", "redis", "watch", "tests", "lint"];
  assert.deepEqual(names("test"), all);
  assert.deepEqual(names(undefined), all);
});
