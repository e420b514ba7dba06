/** Python clients that people have already, unchanged. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { startService } from "../http/running-service.js";
import { repository } from "../server-process.js";
import { type FoundPython, pythonWith, runProgram } from "./python.js";

const found = await pythonWith();
const skip = "skip" in found ? found.skip : false;
/** Asked for by name: its packages are ten times as large as all others together. */
const isKserveAsked = process.env["RESIDUA_TEST_KSERVE"] === "1";
const foundKserve: FoundPython = isKserveAsked
  ? await pythonWith("requirements-kserve.txt")
  : { skip: "RESIDUA_TEST_KSERVE=1 runs it" };

/** Runs a script of this folder against a service, with the addresses that `args` makes of its own. */
async function run(
  t: TestContext,
  script: string,
  args: (address: { readonly url: string; readonly grpc: string }) => string[],
  at: FoundPython = found,
): Promise<void> {
  const { service, url } = await startService(t, { config: { RESIDUA_GRPC_PORT: 0 } });
  const given = args({ url, grpc: `127.0.0.1:${service.grpc!.port}` });
  const python = "python" in at ? at.python : "";
  const { status, err } = await runProgram(python, [join(repository, "test", "clients", script), ...given]);
  assert.equal(status, 0, err);
}

test(
  "tritonclient speaks gRPC: metadata, health, windows in both precisions, errors, deadlines",
  {
    skip,
  },
  (t) => run(t, "triton_grpc.py", ({ url, grpc }) => [grpc, new URL(url).host]),
);

test("tritonclient speaks HTTP: binary and JSON tensors, plain, gzip and deflate", { skip }, (t) =>
  run(t, "triton_http.py", ({ url }) => [new URL(url).host]),
);

test(
  "KServe's clients speak HTTP and gRPC, with binary and typed tensors",
  { skip: "skip" in foundKserve ? foundKserve.skip : false },
  (t) => run(t, "kserve_clients.py", ({ url, grpc }) => [url, grpc], foundKserve),
);

test("requests and httpx get compressed answers, lines, and problems", { skip }, (t) =>
  run(t, "plain_clients.py", ({ url }) => [url]),
);
