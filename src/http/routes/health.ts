/** The probes: /livez for the process, /readyz for whether it should get traffic. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "@sinclair/typebox";
import { ResiduaError } from "../../errors.js";
import type { Lifecycle } from "../../serving/lifecycle.js";
import { problemResponse } from "../problem.js";

/** Gives the reasons why the service is not ready, one sentence each: which version is not live, and why. */
export type Readiness = () => readonly string[];

export interface HealthOptions {
  readonly lifecycle: Lifecycle;
  readonly readiness: Readiness;
  /** Why the store of models could not be read the last time. */
  readonly storeProblem: () => string | undefined;
}

const StatusSchema = Type.Object({ status: Type.String() });
const ReadySchema = Type.Object({
  ...StatusSchema.properties,
  problem: Type.Union([Type.String(), Type.Null()], {
    description: "Why the store of models could not be read the last time; what was live before serves on",
  }),
});
const probe = { isOpen: true, isProbe: true };

export const healthRoutes: FastifyPluginCallbackTypebox<HealthOptions> = (
  app,
  { lifecycle, readiness, storeProblem },
  done,
) => {
  app.get(
    "/livez",
    {
      config: probe,
      schema: {
        operationId: "checkLiveness",
        summary: "Whether the process is sound",
        tags: ["operations"],
        security: [],
        response: { 200: StatusSchema },
      },
    },
    () => ({ status: "ok" }),
  );
  app.get(
    "/readyz",
    {
      config: probe,
      schema: {
        operationId: "checkReadiness",
        summary: "Whether it should get requests (RESIDUA_READY)",
        tags: ["operations"],
        security: [],
        response: { 200: ReadySchema, 503: problemResponse("MODEL_NOT_READY, SHUTTING_DOWN") },
      },
    },
    () => {
      checkReady(lifecycle, readiness);
      return { status: "ready", problem: storeProblem() ?? null };
    },
  );
  done();
};

/**
 * @throws ResiduaError MODEL_NOT_READY or SHUTTING_DOWN where a load balancer should send no requests here.
 */
export function checkReady(lifecycle: Lifecycle, readiness: Readiness): void {
  if (lifecycle.isEnding) throw new ResiduaError("SHUTTING_DOWN", "The service is shutting down.");
  const reasons = readiness();
  if (reasons.length > 0) throw new ResiduaError("MODEL_NOT_READY", reasons.join(" "));
}
