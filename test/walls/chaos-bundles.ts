/** The bundles of the chaos test, and what each answers. */
import { encodeFiles, encodeManifest, type Files } from "../../src/registry/bundle-files.js";
import { makeContents } from "../registry/publications.js";
import { ReferenceEngine } from "../registry/reference-engine.js";

export const NAMES = ["pump", "fan"] as const;
export const VERSIONS = [1, 2, 3] as const;
/** A window of the tiny models, [T, F]. */
export const WINDOW = Float32Array.from({ length: 8 }, (_, i) => Math.cos(i));

/** A bundle with the embedding that its network gives for WINDOW. */
export interface Published {
  readonly files: Files;
  readonly embedding: Float32Array;
}
/** By `name/version`. */
export type Bundles = ReadonlyMap<string, Published>;

export async function makeBundles(): Promise<Bundles> {
  const bundles = new Map<string, Published>();
  const engine = new ReferenceEngine();
  for (const [at, name] of NAMES.entries()) {
    for (const version of VERSIONS) {
      const contents = await makeContents(engine, 10 * at + version);
      const files = encodeFiles(contents);
      const manifest = encodeManifest(contents, files, name, String(version));
      const executable = await engine.compile(contents.network, contents.weights);
      const { embedding } = await executable.run(WINDOW, 1);
      bundles.set(`${name}/${version}`, {
        files: new Map([...files, ["manifest.json", manifest]]),
        embedding,
      });
    }
  }
  return bundles;
}
