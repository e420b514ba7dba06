import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type KernelFolder, loadKernels } from "../../../src/engine/wasm/kernels.js";
import { temporaryFolder } from "../../registry/publications.js";

const KERNELS = fileURLToPath(new URL("../../../src/engine/wasm/kernels", import.meta.url));

test("kernels that could not be read are read again, and those that were read are kept", async (t) => {
  const missing = join(await temporaryFolder(t), "kernels");
  const folder = relative(KERNELS, missing) as KernelFolder;
  await assert.rejects(loadKernels(folder), { code: "ENOENT" });
  await cp(join(KERNELS, "inference"), missing, { recursive: true });
  const { module, wide } = await loadKernels(folder);
  assert.equal(wide, false);
  assert.equal((await loadKernels(folder)).module, module);
});
