/** The number of cores that this process may use; in a container, often fewer than the machine has. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

/**
 * The number of cores that the process may keep busy: those of its CPU affinity, limited by the CPU quota of its cgroup
 * (`cpu.max` in version 2, `cpu.cfs_quota_us` in version 1), rounded down. At least 1.
 *
 * @param root the folder that holds `proc` and `sys`; another one in tests.
 * @param parallelism the cores of the process's CPU affinity.
 */
export function availableCores(root = "/", parallelism = availableParallelism()): number {
  return Math.max(1, Math.min(parallelism, Math.floor(cgroupQuota(root))));
}

/** The smallest CPU quota among the process's cgroup and its ancestors, in cores; Infinity where there is none. */
function cgroupQuota(root: string): number {
  let quota = Number.POSITIVE_INFINITY;
  for (const line of (read(join(root, "proc/self/cgroup")) ?? "0::/").trim().split("\n")) {
    const [, controllers = "", path = "/"] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers !== "" && !controllers.split(",").includes("cpu")) continue;
    const mounts =
      controllers === ""
        ? ["sys/fs/cgroup", "sys/fs/cgroup/unified"]
        : [`sys/fs/cgroup/${controllers}`, "sys/fs/cgroup/cpu"];
    for (const mount of mounts) {
      // In a container the path may be that of the host's tree, which is not visible here. The container's own limits
      // are then at the mount, which is the last of the ancestors.
      for (const folder of ancestors(path)) quota = Math.min(quota, folderQuota(join(root, mount, folder)));
    }
  }
  return quota;
}

/** The CPU quota of one cgroup folder, in cores; Infinity where it has none. */
function folderQuota(folder: string): number {
  const [limit, period] = (
    read(join(folder, "cpu.max")) ??
    `${read(join(folder, "cpu.cfs_quota_us")) ?? -1} ${read(join(folder, "cpu.cfs_period_us")) ?? 1}`
  )
    .trim()
    .split(/\s+/)
    .map(Number);
  return limit !== undefined && period !== undefined && limit > 0 && period > 0
    ? limit / period
    : Number.POSITIVE_INFINITY;
}

/** A path and its ancestors: "/a/b" -> "/a/b", "/a", "/". */
function ancestors(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "" && part !== "..");
  return [...parts.map((_, index) => `/${parts.slice(0, parts.length - index).join("/")}`), "/"];
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
