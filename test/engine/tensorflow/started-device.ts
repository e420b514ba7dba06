/** A device whose process has no TensorFlow (fake-device-process.ts), for tests. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { Device } from "../../../src/engine/tensorflow/device.js";
import type { DeviceOptions } from "../../../src/engine/tensorflow/device-options.js";
import type { ModelPlan } from "../../../src/engine/tensorflow/device-tasks.js";

/** A model of windows [1, 2] with two outputs. */
export const PLAN: ModelPlan = {
  label: "the model",
  folder: "/nowhere",
  windowShape: [1, 2],
  outputs: [
    { name: "head_0", size: 2 },
    { name: "embedding", size: 1 },
  ],
  programs: ["compiled"],
  compiledSizes: [1, 4, 8],
  maxPadding: 4,
};

export interface Started {
  readonly device: Device;
  readonly folder: string;
  readonly lines: string[];
  /** Resolves when a line with this text is logged after the call. */
  said(text: string): Promise<void>;
  /** Waits for that many lines with this beginning: lines and answers come over different pipes. */
  seen(start: string, count: number): Promise<string[]>;
}

/** Starts the stand-in process; it ends with the test. */
export async function start(t: TestContext, options: Partial<DeviceOptions> = {}): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), "residua-test-device-"));
  const lines: string[] = [];
  const waiting: { text: string; resolve: () => void }[] = [];
  const { device, ready } = await Device.start({
    command: {
      script: fileURLToPath(new URL("./fake-device-process.js", import.meta.url)),
      scratchFolder: folder,
      environment: process.env,
    },
    log: (_level, line) => {
      lines.push(line);
      for (const { text, resolve } of waiting) if (line.includes(text)) resolve();
    },
    backoffMs: [0],
    ...options,
  });
  t.after(async () => {
    await device.close();
    rmSync(folder, { recursive: true, force: true });
  });
  assert.equal(ready.usesGpu, false);
  const said = (text: string): Promise<void> =>
    new Promise((resolve) => waiting.push({ text, resolve: () => resolve() }));
  const seen = async (prefix: string, count: number): Promise<string[]> => {
    for (;;) {
      const found = lines.filter((line) => line.startsWith(prefix));
      if (found.length >= count) return found;
      await said(prefix);
    }
  };
  return { device, folder, lines, said, seen };
}
