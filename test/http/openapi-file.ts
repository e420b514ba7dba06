/** The OpenAPI document as the repository has it: that of a service with all its routes. Run, this writes the file. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pino from "pino";
import { loadConfig } from "../../src/config.js";
import { Service } from "../../src/http/service.js";
import { repository } from "../server-process.js";

export const OPENAPI_FILE = join(repository, "openapi.json");

/** The document of a service of this program with both tokens, so that no route is left out. */
export async function describeService(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "residua-openapi-"));
  const { version } = JSON.parse(await readFile(join(repository, "package.json"), "utf8")) as {
    version: string;
  };
  const config = loadConfig({
    PORT: "0",
    RESIDUA_ENGINE: "wasm",
    RESIDUA_THREADS: "1",
    RESIDUA_MODELS: folder,
    RESIDUA_ADMIN_TOKEN: "admin",
    RESIDUA_API_TOKEN: "api",
  });
  const service = await Service.start({ config, version, log: pino({ level: "silent" }) });
  try {
    const response = await fetch(`${service.url}/openapi.json`, { headers: { authorization: "Bearer api" } });
    return `${JSON.stringify(await response.json(), undefined, 2)}\n`;
  } finally {
    await service.stop();
    await rm(folder, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await writeFile(OPENAPI_FILE, await describeService());
