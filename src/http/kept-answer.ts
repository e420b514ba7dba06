/** Keeps the answer of a route that describes the service with a live model, for as long as that model is live. */
import type { onSendHookHandler, preHandlerHookHandler } from "fastify";
import type { LiveModels } from "./live-models.js";

export interface KeptAnswer {
  readonly preHandler: preHandlerHookHandler;
  readonly onSend: onSendHookHandler;
}

/** Hooks for a route whose answer depends on the model of `models.anyLive()`, and on nothing in the request. */
export function keepAnswer(models: LiveModels): KeptAnswer {
  let kept: { model: string; type: string; bytes: Buffer } | undefined;
  const shown = (): string => {
    const model = models.anyLive();
    return model === undefined ? "" : `${model.name} ${model.version} ${model.sha256}`;
  };
  return {
    preHandler: (_request, reply, next) => {
      if (kept === undefined || kept.model !== shown()) return next();
      return reply.type(kept.type).send(kept.bytes);
    },
    onSend: (_request, reply, payload, next) => {
      const type = reply.getHeader("content-type");
      if (reply.statusCode !== 200 || typeof payload !== "string" || typeof type !== "string") {
        return next(null, payload);
      }
      kept = { model: shown(), type, bytes: Buffer.from(payload) };
      next(null, kept.bytes);
    },
  };
}
