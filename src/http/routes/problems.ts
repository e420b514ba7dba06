/** GET /problems/:code: a page on each error, for people; the `type` of a problem leads to it. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "@sinclair/typebox";
import { ERRORS, type ErrorCode, ResiduaError } from "../../errors.js";
import { problemResponse } from "../problem.js";
import { PROBLEM_PAGE_POLICY, problemCode, problemPage, problemPath } from "../problem-page.js";

export const problemRoutes: FastifyPluginCallbackTypebox = (app, _options, done) => {
  app.get(
    "/problems/:code",
    {
      config: { isOpen: true },
      schema: {
        operationId: "getProblemPage",
        summary: "A page on an error",
        tags: ["operations"],
        security: [],
        params: Type.Object({
          code: Type.String({ description: "Such as queue-full", examples: ["queue-full"] }),
        }),
        response: {
          200: { description: "The page", content: { "text/html": { schema: Type.String() } } },
          404: problemResponse("ROUTE_NOT_FOUND"),
        },
      },
    },
    ({ params }, reply) => {
      const code = problemCode(params.code);
      if (code === undefined) {
        const known = (Object.keys(ERRORS) as ErrorCode[]).map(problemPath).join(", ");
        throw new ResiduaError("ROUTE_NOT_FOUND", `There is no page on this error; there are ${known}.`);
      }
      reply.headers({
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": PROBLEM_PAGE_POLICY,
      });
      return problemPage(code);
    },
  );
  done();
};
