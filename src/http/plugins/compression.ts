/** Compresses answers that are sent as a whole, on request; `sendChunks` does it for those that are streamed. */
import fp from "fastify-plugin";
import { chooseCoding, encode, LEAST_COMPRESSED_BYTES } from "../content-coding.js";
import { addVary } from "../vary.js";

export const compression = fp(
  (app, _options, done) => {
    app.addHook("onSend", (request, reply, payload, next) => {
      if (!(payload instanceof Uint8Array) && typeof payload !== "string") return next();
      if (payload.length <= LEAST_COMPRESSED_BYTES) return next();
      addVary(reply, "Accept-Encoding");
      const coding = chooseCoding(request.headers["accept-encoding"]);
      // A kept answer is in its coding already.
      if (coding === undefined || reply.hasHeader("content-encoding")) return next();
      reply.header("content-encoding", coding).removeHeader("content-length");
      encode(payload, coding).then((encoded) => next(null, encoded), next);
    });
    done();
  },
  { name: "compression" },
);
