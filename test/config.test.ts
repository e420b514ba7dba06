import assert from "node:assert/strict";
import { tmpdir, totalmem } from "node:os";
import { test } from "node:test";
import fc from "fast-check";
import { loadConfig } from "../src/config.js";
import { InputError } from "../src/errors.js";
import { MODEL_NAME_PATTERN } from "../src/registry/manifest.js";
import { isS3Address, parseS3Address } from "../src/registry/s3/address.js";

test("an empty environment gives the defaults", () => {
  const { RESIDUA_THREADS, RESIDUA_MAX_BODY_BYTES_IN_FLIGHT, RESIDUA_CACHE, ...config } = loadConfig({});
  assert.ok(RESIDUA_THREADS >= 1 && RESIDUA_THREADS <= 8);
  assert.ok(RESIDUA_MAX_BODY_BYTES_IN_FLIGHT <= totalmem() / 4);
  assert.ok(RESIDUA_CACHE.startsWith(tmpdir()));
  assert.deepEqual(config, {
    HOST: "127.0.0.1",
    PORT: 3000,
    LOG_LEVEL: "info",
    RESIDUA_MODELS: "models",
    RESIDUA_CACHE_BYTES: 2_147_483_648,
    RESIDUA_POLL_SECONDS: 2,
    RESIDUA_ENGINE: "auto",
    RESIDUA_WIDE_VECTORS: "auto",
    RESIDUA_MAX_BATCH_WINDOWS: 128,
    RESIDUA_MAX_WAIT_MS: 1,
    RESIDUA_MAX_QUEUE_WINDOWS: 8192,
    RESIDUA_BODY_LIMIT_BYTES: 16_777_216,
    RESIDUA_WRITE_TIMEOUT_SECONDS: 60,
    RESIDUA_LAME_DUCK_SECONDS: 0,
    RESIDUA_DRAIN_SECONDS: 20,
    RESIDUA_LIVE_VERSIONS: 2,
    RESIDUA_READY: "server",
    RESIDUA_REDIS_DATA_BYTES: 2_147_483_648,
    RESIDUA_MAX_JOBS: 1,
    RESIDUA_MAX_QUEUED_JOBS: 100,
    RESIDUA_JOB_BODY_LIMIT_BYTES: 1_073_741_824,
    RESIDUA_JOB_MAX_ROWS: 10_000_000,
    RESIDUA_JOB_MAX_SECONDS: 3600,
  });
});

test("what is set is taken as it is", () => {
  const config = loadConfig({
    PORT: "0",
    RESIDUA_POLL_SECONDS: "0.5",
    RESIDUA_API_TOKEN: "s3cret",
    OTHER: "x",
  });
  assert.equal(config.PORT, 0);
  assert.equal(config.RESIDUA_POLL_SECONDS, 0.5);
  assert.equal(config.RESIDUA_API_TOKEN, "s3cret");
  assert.ok(!("OTHER" in config));
});

test("a wrong value is refused with one sentence that names the variable", () => {
  for (const [name, value, sentence] of [
    ["PORT", "http", 'PORT has to be a whole number from 0 to 65535, not "http".'],
    ["PORT", "70000", 'PORT has to be a whole number from 0 to 65535, not "70000".'],
    ["PORT", "1.5", 'PORT has to be a whole number from 0 to 65535, not "1.5".'],
    ["PORT", "", 'PORT has to be a whole number from 0 to 65535, not "".'],
    ["PORT", "0x10", 'PORT has to be a whole number from 0 to 65535, not "0x10".'],
    ["PORT", "1e3", 'PORT has to be a whole number from 0 to 65535, not "1e3".'],
    ["HOST", "", 'HOST has to be a text that is not empty, not "".'],
    ["RESIDUA_MAX_WAIT_MS", "-1", 'RESIDUA_MAX_WAIT_MS has to be a number from 0 to 60000, not "-1".'],
    ["RESIDUA_ENGINE", "gpu", 'RESIDUA_ENGINE has to be one of auto, wasm, tensorflow, cuda, not "gpu".'],
    ["RESIDUA_WIDE_VECTORS", "on", 'RESIDUA_WIDE_VECTORS has to be one of auto, off, not "on".'],
    [
      "RESIDUA_CORS_ORIGINS",
      "https://example.org/",
      'RESIDUA_CORS_ORIGINS has to be "*", or origins such as https://example.org, without a path, with commas between them, not "https://example.org/".',
    ],
    [
      "RESIDUA_TRUST_PROXY",
      "proxy.example",
      'RESIDUA_TRUST_PROXY has to be addresses and networks such as 10.0.0.0/8, with commas between them, not "proxy.example".',
    ],
    [
      "RESIDUA_MODELS",
      "s3:/bucket",
      'RESIDUA_MODELS has to be a folder, or s3://bucket/prefix, not "s3:/bucket".',
    ],
    [
      "RESIDUA_S3_ENDPOINT",
      "minio:9000",
      'RESIDUA_S3_ENDPOINT has to be an address that begins with http:// or https://, not "minio:9000".',
    ],
    ["RESIDUA_THREADS", "0", 'RESIDUA_THREADS has to be a whole number from 1 to 1024, not "0".'],
  ] as const) {
    assert.throws(() => loadConfig({ [name]: value }), new InputError(sentence));
  }
});

test("a wrong token is refused without being shown", () => {
  for (const token of ["", "two words", "café"]) {
    assert.throws(
      () => loadConfig({ RESIDUA_ADMIN_TOKEN: token }),
      new InputError("RESIDUA_ADMIN_TOKEN has to be a text of visible ASCII characters."),
    );
  }
});

test("an address of Redis is refused without being shown: it may hold a password", () => {
  for (const url of ["", "localhost:6379", "http://:secret@host", "redis://", "redis:///0", "redis://a b"]) {
    assert.throws(
      () => loadConfig({ RESIDUA_REDIS_URL: url }),
      new InputError(
        "RESIDUA_REDIS_URL has to be an address such as redis://host:6379/0, or rediss:// for TLS.",
      ),
    );
  }
  const url = "rediss://user:secret@[::1]:6380/2";
  assert.equal(loadConfig({ RESIDUA_REDIS_URL: url }).RESIDUA_REDIS_URL, url);
});

function isTaken(env: Record<string, string>): boolean {
  try {
    loadConfig(env);
    return true;
  } catch (error) {
    assert.ok(error instanceof InputError);
    return false;
  }
}

// config.ts imports nothing of the registry, so that it has the same rules once more.
test("a model's name is taken where the registry takes it", () => {
  const name = new RegExp(MODEL_NAME_PATTERN);
  const near = fc.stringMatching(/^[a-zA-Z0-9._-]{0,70}$/);
  fc.assert(
    fc.property(fc.oneof(near, fc.string()), (text) => {
      assert.equal(isTaken({ RESIDUA_MODEL_NAME: text }), name.test(text));
    }),
  );
});

test("an address in an object store is taken where the registry takes it", () => {
  const near = fc.stringMatching(/^[sS]3:\/{1,3}[a-zA-Z0-9._-]{0,66}(\/[a-z./]{0,6})?$/);
  fc.assert(
    fc.property(near, (text) => {
      assert.ok(isS3Address(text));
      // What the path may hold is said when the store is opened.
      fc.pre(!text.split("/").some((part, at) => at > 2 && (part === "." || part === "..")));
      let isAddress = true;
      try {
        parseS3Address(text);
      } catch {
        isAddress = false;
      }
      assert.equal(isTaken({ RESIDUA_MODELS: text }), isAddress);
    }),
  );
});
