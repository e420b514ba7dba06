import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { availableCores } from "../src/available-cores.js";

/** A root of files by path. */
function rootOf(t: TestContext, files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "residua-cores-"));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

test("without a quota it is what the affinity allows", (t) => {
  assert.equal(availableCores(rootOf(t, {}), 6), 6);
  const unlimited = { "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n" };
  assert.equal(availableCores(rootOf(t, unlimited), 6), 6);
});

test("a quota of cgroup version 2 counts, rounded down, also an ancestor's", (t) => {
  const files = {
    "proc/self/cgroup": "0::/pod/container\n",
    "sys/fs/cgroup/pod/container/cpu.max": "max 100000\n",
    "sys/fs/cgroup/pod/cpu.max": "250000 100000\n",
  };
  assert.equal(availableCores(rootOf(t, files), 8), 2);
});

test("inside a container the limit stands at the mount", (t) => {
  const files = { "proc/self/cgroup": "0::/docker/abc\n", "sys/fs/cgroup/cpu.max": "300000 100000\n" };
  assert.equal(availableCores(rootOf(t, files), 8), 3);
});

test("a quota of cgroup version 1 counts", (t) => {
  const files = {
    "proc/self/cgroup": "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n0::/\n",
    "sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us": "150000\n",
    "sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us": "100000\n",
    "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
    "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
  };
  assert.equal(availableCores(rootOf(t, files), 8), 1);
});

test("half a core is one thread", (t) => {
  const files = { "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "50000 100000\n" };
  assert.equal(availableCores(rootOf(t, files), 8), 1);
});
