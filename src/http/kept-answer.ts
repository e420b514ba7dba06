/** Keeps the answer of a route that describes the service, for as long as what it depends on stays as it is. */
import type { onSendHookHandler, preHandlerHookHandler } from "fastify";
import { chooseCoding } from "./content-coding.js";
import type { LiveModels } from "./live-models.js";

export interface KeptAnswer {
  readonly preHandler: preHandlerHookHandler;
  readonly onSend: onSendHookHandler;
}

/**
 * Hooks for a route whose answer depends on nothing in the request but the codings that it accepts.
 *
 * @param models where the answer depends on the model of `models.anyLive()`.
 */
export function keepAnswer(models?: LiveModels): KeptAnswer {
  const shown = (): string => {
    const model = models?.anyLive();
    return model === undefined ? "" : `${model.name} ${model.version} ${model.sha256}`;
  };
  /** By coding; "" for none. */
  const kept = new Map<string, { model: string; type: string; bytes: Buffer }>();
  return {
    preHandler: (request, reply, next) => {
      const coding = chooseCoding(request.headers["accept-encoding"]) ?? "";
      const answer = kept.get(coding);
      if (answer === undefined || answer.model !== shown()) return next();
      if (coding !== "") reply.header("content-encoding", coding);
      return reply.type(answer.type).send(answer.bytes);
    },
    onSend: (_request, reply, payload, next) => {
      const type = reply.getHeader("content-type");
      const isText = typeof payload === "string" || payload instanceof Uint8Array;
      if (reply.statusCode !== 200 || !isText || typeof type !== "string") return next(null, payload);
      const bytes =
        typeof payload === "string"
          ? Buffer.from(payload)
          : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
      kept.set(String(reply.getHeader("content-encoding") ?? ""), { model: shown(), type, bytes });
      next(null, bytes);
    },
  };
}
