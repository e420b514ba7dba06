/** What docker/ has for Kubernetes, read as objects. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { repository } from "../server-process.js";

export const docker = join(repository, "docker");

/** An object of Kubernetes; tests look at what they are about, and a member that is not there is undefined. */
// biome-ignore lint/suspicious/noExplicitAny: the form of any kind there is
export type Manifest = any;

/** The documents in a text. Throws where it is not YAML. */
export function readManifests(text: string): Manifest[] {
  return parseAllDocuments(text, { uniqueKeys: true })
    .map((document) => {
      if (document.errors.length > 0) throw document.errors[0];
      return document.toJS() as Manifest;
    })
    .filter((manifest) => manifest !== null);
}

/** The documents of a file in docker/. */
export function manifestsOf(file: string): Manifest[] {
  return readManifests(readFileSync(join(docker, file), "utf8"));
}

export const chart = join(docker, "helm");

/** The files of values that the chart is tried with. */
export const valuesFiles = readdirSync(join(chart, "ci")).map((name) => join(chart, "ci", name));

export function readValues(file: string): Record<string, unknown> {
  return parse(readFileSync(file, "utf8")) as Record<string, unknown>;
}
