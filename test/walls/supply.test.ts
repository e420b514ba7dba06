/** What an image is made of can be pinned and listed, and who may reach the service is said. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { repository } from "../server-process.js";

const read = (...path: string[]): string => readFileSync(join(repository, ...path), "utf8");

test("every base image of the Dockerfile takes a digest", () => {
  const bases = [...read("Dockerfile").matchAll(/^FROM (\S+)/gm)].map(([, image]) => image!);
  const stages = new Set([...read("Dockerfile").matchAll(/ AS (\w+)$/gm)].map(([, name]) => name!));
  const outside = bases.filter((image) => !stages.has(image));
  assert.equal(outside.length, 3);
  for (const image of outside) assert.match(image, /^\$\{(\w+)_IMAGE\}\$\{\1_DIGEST\}$/);
});

test("npm lists what an image holds from the lock file alone, without a registry", () => {
  const said = /RUN npm (sbom --package-lock-only --omit dev --omit optional [^>]*)>/.exec(
    read("Dockerfile"),
  )?.[1];
  const text = execFileSync("npm", [...said!.trim().split(" "), "--offline"], {
    cwd: repository,
    encoding: "utf8",
  });
  const { bomFormat, components } = JSON.parse(text) as {
    bomFormat: string;
    components: { name: string; version: string; hashes?: unknown[] }[];
  };
  assert.equal(bomFormat, "CycloneDX");
  const lock = JSON.parse(read("package-lock.json")) as { packages: Record<string, { version: string }> };
  for (const name of ["fastify", "pino"]) {
    const listed = components.find((component) => component.name === name);
    assert.equal(listed?.version, lock.packages[`node_modules/${name}`]?.version);
    assert.ok(listed?.hashes?.length);
  }
  assert.ok(!components.some(({ name }) => name === "typescript"), "what only the build needs is not listed");
});

test("a network policy covers the pods of both deployments, and lets nothing out", () => {
  const documents = ["residua.yaml", "residua-cuda.yaml"].flatMap((file) =>
    read("docker", "kubernetes", file).split("\n---\n"),
  );
  const policy = documents.find((text) => /^kind: NetworkPolicy$/m.test(text)) ?? "";
  const apps = documents
    .filter((text) => /^kind: Deployment$/m.test(text))
    .map((text) => /matchLabels: \{ app: ([\w-]+) \}/.exec(text)?.[1]);
  assert.equal(apps.length, 2);
  assert.ok(policy.includes(`{ key: app, operator: In, values: [${apps.join(", ")}] }`));
  assert.match(policy, /policyTypes: \[Ingress, Egress\]/);
  assert.match(policy, /^ {2}egress: \[\]$/m);
});

test("Prometheus sends the token", () => {
  const compose = read("docker", "compose.balanced.yaml");
  const secret = /credentials_file: \/run\/secrets\/([\w-]+)/.exec(
    read("docker", "prometheus", "prometheus.yaml"),
  )?.[1];
  assert.match(compose, new RegExp(`^ {4}secrets: \\[${secret}\\]$`, "m"));
  assert.match(compose, new RegExp(`^ {2}${secret}:$`, "m"));
  assert.match(compose, /^ {4}RESIDUA_API_TOKEN:$/m);
});
