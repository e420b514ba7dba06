/** How many cores this process may use, which inside a container is fewer than the machine has. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

/**
 * The cores the process may keep busy: those its affinity allows, and no more than its cgroup's CPU quota
 * (version 2 `cpu.max`, version 1 `cpu.cfs_quota_us`), rounded down. At least 1.
 *
 * @param root where `/proc` and `/sys` are looked for.
 */
export function availableCores(root = "/", parallelism = availableParallelism()): number {
  return Math.max(1, Math.min(parallelism, Math.floor(cgroupQuota(root))));
}

/** The tightest CPU quota of the process's cgroup and its ancestors, in cores; Infinity where there is none. */
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
      // Inside a container the path names the host's tree: the container's own limits then stand at the mount.
      for (const folder of ancestors(path)) quota = Math.min(quota, folderQuota(join(root, mount, folder)));
    }
  }
  return quota;
}

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

/** "/a/b" -> "/a/b", "/a", "/". */
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
