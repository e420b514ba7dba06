/** Whether a Redis server keeps what it is given: said in the log each time that it is connected to. */
import type { JobLog } from "../job-run.js";
import type { RedisClient } from "./redis-library.js";

/** The scripts write after they have asked for the time, and BullMQ needs its commands. */
const OLDEST = [6, 2] as const;

/** Logs what a server lacks to keep jobs. Never rejects. */
export async function checkServer(client: Pick<RedisClient, "info" | "config">, log: JobLog): Promise<void> {
  try {
    const [server, memory, persistence] = await Promise.all(
      ["server", "memory", "persistence"].map((section) => client.info(section)),
    );
    const version = field(server!, "redis_version") ?? "";
    const [major = 0, minor = 0] = version.split(".").map(Number);
    if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
      log.warn({ version }, `Redis is older than ${OLDEST.join(".")}: jobs may fail`);
    const policy = field(memory!, "maxmemory_policy");
    if (policy !== undefined && policy !== "noeviction") {
      log.warn(
        { policy },
        "Redis drops jobs when its memory is full: set its maxmemory-policy to noeviction",
      );
    }
    if (field(persistence!, "aof_enabled") === "1") return;
    await checkSnapshots(client, log);
  } catch (error) {
    log.warn(
      { reason: (error as Error).message },
      "it is not known whether Redis keeps its data: it does not say",
    );
  }
}

async function checkSnapshots(client: Pick<RedisClient, "config">, log: JobLog): Promise<void> {
  // Where a provider forbids the command, it answers with an error.
  const [, save] = await client.config("GET", "save");
  if (save === "") {
    log.warn({}, "Redis keeps jobs in memory alone, and loses them when it ends: set its appendonly to yes");
    return;
  }
  log.warn({ save }, "Redis loses the jobs since its last snapshot when it ends: set its appendonly to yes");
}

function field(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1];
}
