/** The dashboard: its page at /, and the files that the page asks for under /page/. Nothing is read before. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { FastifyPluginAsync, FastifyRequest } from "fastify";
import { ResiduaError } from "../../errors.js";
import { describeServer } from "../inference/metadata.js";

export interface DashboardOptions {
  /** The program's version. */
  readonly version: string;
  /** Where the files are that set-up has built. */
  readonly folder?: string | undefined;
}

const BUILT = fileURLToPath(new URL("../../../page", import.meta.url));
const PAGE = "dashboard/page.html";
/** Code, styles and requests of this server alone, and none in the page itself. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join("; ");

export const dashboardRoutes: FastifyPluginAsync<DashboardOptions> = async (
  app,
  { version, folder = BUILT },
) => {
  await app.register(fastifyStatic, {
    root: folder,
    serve: false,
    cacheControl: false,
    setHeaders: (reply) => {
      reply.header("content-security-policy", CONTENT_SECURITY_POLICY);
      reply.header("x-content-type-options", "nosniff");
      reply.header("referrer-policy", "no-referrer");
      // A newer release is seen at the next look; what is unchanged is not sent again.
      reply.header("cache-control", "no-cache");
    },
  });
  app.get(
    "/",
    { config: { isOpen: (request) => !wantsJson(request) }, schema: { hide: true } },
    (request, reply) => {
      reply.header("vary", "accept");
      return wantsJson(request) ? reply.send(describeServer(version)) : reply.sendFile(PAGE);
    },
  );
  let files: ReadonlySet<string> | undefined;
  app.get<{ Params: { "*": string } }>(
    "/page/*",
    { config: { isOpen: true }, schema: { hide: true } },
    (request, reply) => {
      const name = request.params["*"];
      files ??= listFiles(folder);
      if (!files.has(name)) throw new ResiduaError("ROUTE_NOT_FOUND", `The dashboard has no file ${name}.`);
      return reply.sendFile(name);
    },
  );
};

/** Whether JSON is asked for, and no page: for programs that look for a server's description at /. */
function wantsJson({ headers: { accept = "" } }: FastifyRequest): boolean {
  return /\bapplication\/json\b/.test(accept) && !/\btext\/html\b/.test(accept);
}

function listFiles(folder: string): ReadonlySet<string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    // Node 20 calls the folder of an entry `path`, later ones `parentPath`.
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1));
  return new Set(paths.map((path) => path.replaceAll("\\", "/")));
}
