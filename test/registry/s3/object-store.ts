/** A real object store (moto's server) for tests, with a bucket for each; and stores of models in it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, type TestContext } from "node:test";
import { S3Store } from "../../../src/registry/s3/s3-store.js";
import { pythonWith } from "../../clients/python.js";
import { repository } from "../../server-process.js";
import { temporaryFolder } from "../publications.js";

// The server takes any; the client needs some.
process.env["AWS_ACCESS_KEY_ID"] ??= "test";
process.env["AWS_SECRET_ACCESS_KEY"] ??= "test";

let buckets = 0;

export interface TestBucket {
  /** The address of the server. */
  readonly endpoint: string;
  /** s3://bucket/prefix */
  readonly place: string;
  /** Writes an object as it is. @param key after the prefix. */
  put(key: string, bytes: Uint8Array | string): Promise<void>;
  /** All keys, after the prefix, sorted. */
  keys(): Promise<string[]>;
}

const found = await pythonWith("requirements-s3.txt");
/** Why these tests are skipped; false where they are not. */
export const skip = "skip" in found ? found.skip : false;
const server = "skip" in found ? undefined : startServer(found.python);

async function startServer(python: string): Promise<string> {
  const program = join(repository, "test", "clients", "object_store.py");
  const child = spawn(python, [program], { stdio: ["pipe", "pipe", "ignore"] });
  after(() => child.kill());
  for await (const line of createInterface({ input: child.stdout })) return `http://127.0.0.1:${line}`;
  throw new Error("The object store has not started.");
}

/** A bucket with a prefix, for one test. */
export async function makeBucket(): Promise<TestBucket> {
  const endpoint = await server!;
  const bucket = `models-${process.pid}-${++buckets}`;
  const prefix = "some/where";
  const url = (key: string): string => `${endpoint}/${bucket}/${prefix}/${encodeURI(key)}`;
  assert.equal((await fetch(`${endpoint}/${bucket}`, { method: "PUT" })).status, 200);
  return {
    endpoint,
    place: `s3://${bucket}/${prefix}`,
    put: async (key, bytes) => {
      assert.equal((await fetch(url(key), { method: "PUT", body: bytes })).status, 200);
    },
    keys: async () => {
      const text = await (await fetch(`${endpoint}/${bucket}?list-type=2`)).text();
      return [...text.matchAll(/<Key>([^<]*)<\/Key>/g)]
        .map(([, key]) => key!.slice(prefix.length + 1))
        .sort();
    },
  };
}

/** A store on a bucket, with a cache of its own. */
export async function openS3(
  t: TestContext,
  { place, endpoint }: Pick<TestBucket, "place" | "endpoint">,
  cacheFolder?: string,
): Promise<S3Store> {
  const store = new S3Store({
    place,
    endpoint,
    region: "us-east-1",
    cacheFolder: cacheFolder ?? (await temporaryFolder(t)),
    cacheBytes: 100_000_000,
    warn: (sentence) => t.diagnostic(sentence),
  });
  t.after(() => store.close());
  return store;
}
