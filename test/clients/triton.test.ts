/** NVIDIA's client of the Open Inference Protocol, unchanged. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { startService } from "../http/running-service.js";
import { repository } from "../server-process.js";
import { pythonWithClients, runProgram } from "./python.js";

const found = await pythonWithClients();
const skip = "skip" in found ? found.skip : false;
const python = "python" in found ? found.python : "";
const script = (name: string) => join(repository, "test", "clients", name);

test("tritonclient speaks gRPC: metadata, health, windows in both precisions, errors, deadlines", {
  skip,
}, async (t) => {
  const { service, url } = await startService(t, { config: { RESIDUA_GRPC_PORT: 0 } });
  const address = `127.0.0.1:${service.grpc!.port}`;
  const { status, err } = await runProgram(python, [script("triton_grpc.py"), address, new URL(url).host]);
  assert.equal(status, 0, err);
});
