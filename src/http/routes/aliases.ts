/**
 * Routes that change aliases. They change aliases.json, and every replica on the same store of models follows it.
 */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "@sinclair/typebox";
import type { ModelListing } from "../../registry/model-entry.js";
import type { LiveModels } from "../live-models.js";
import { ModelListingSchema } from "../model-schema.js";
import { problemResponse } from "../problem.js";

export interface AliasesOptions {
  readonly models: LiveModels;
}

const ParamsSchema = Type.Object({ name: Type.String(), alias: Type.String() });
const url = "/v1/models/:name/aliases/:alias";
const FAILURES = {
  400: problemResponse("INVALID_JSON, INVALID_REQUEST"),
  401: problemResponse("UNAUTHORIZED"),
  404: problemResponse("MODEL_NOT_FOUND, VERSION_NOT_FOUND, ALIAS_NOT_FOUND"),
  409: problemResponse(
    "CONFLICT: the store is read-only for the service, or others change the aliases all the time",
  ),
  503: problemResponse("MODEL_NOT_READY, STORE_UNAVAILABLE"),
};
const admin = [{ bearer: [] }];

/** Registered only where an admin token is set. */
export const aliasRoutes: FastifyPluginCallbackTypebox<AliasesOptions> = (app, { models }, done) => {
  app.put(
    url,
    {
      onRequest: app.requireAdmin,
      schema: {
        operationId: "setAlias",
        summary: "Lets an alias stand for a version",
        tags: ["models"],
        security: admin,
        params: ParamsSchema,
        body: Type.Object({ version: Type.String() }, { additionalProperties: false }),
        response: { 200: ModelListingSchema, ...FAILURES },
      },
    },
    async ({ params, body }) =>
      toResponse(await models.registry.setAlias(params.name, params.alias, body.version)),
  );
  app.delete(
    url,
    {
      onRequest: app.requireAdmin,
      schema: {
        operationId: "deleteAlias",
        summary: "Takes an alias away",
        tags: ["models"],
        security: admin,
        params: ParamsSchema,
        response: { 200: ModelListingSchema, ...FAILURES },
      },
    },
    async ({ params }) => toResponse(await models.registry.deleteAlias(params.name, params.alias)),
  );
  done();
};

function toResponse(listing: ModelListing) {
  return { ...listing, versions: [...listing.versions] };
}
