import assert from "node:assert/strict";
import { test } from "node:test";
import { firstWords } from "../../src/http/first-words.js";
import type { ModelListing } from "../../src/registry/model-entry.js";

const version = (number: string, state: "live" | "refused" | "stored") => ({
  version: number,
  state,
  sha256: null,
  engine: null,
  device: null,
  reason: null,
});
const started = { url: "http://127.0.0.1:3000", folder: "models", logsRequests: false };

test("three lines say where it serves, which versions are live or refused, and where to look", () => {
  const models = [
    {
      name: "pump",
      aliases: {},
      versions: [version("3", "live"), version("2", "live"), version("1", "stored")],
    },
    { name: "fan", aliases: {}, versions: [version("2", "refused"), version("1", "live")] },
  ] as unknown as ModelListing[];
  assert.deepEqual(firstWords({ ...started, models }), [
    "Residua serves on http://127.0.0.1:3000",
    "Models: pump 3 and 2, fan 1; refused, as the log says why: fan 2",
    "Look: http://127.0.0.1:3000/ in a browser, http://127.0.0.1:3000/docs for the interface; warnings appear here, every request with LOG_LEVEL=info",
  ]);
});

test("an empty folder is said, with what to do", () => {
  const [, models, look] = firstWords({ ...started, models: [], logsRequests: true });
  assert.equal(models, "Models: none is live in models; residua train makes one");
  assert.match(look, /pipe the log into pino-pretty/);
});
