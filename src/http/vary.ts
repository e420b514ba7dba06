import type { FastifyReply } from "fastify";

/** Says that the answer depends on a header of the request, for caches; what was said before stays. */
export function addVary(reply: FastifyReply, header: string): void {
  const before = reply.getHeader("vary");
  reply.header("vary", before === undefined ? header : `${before}, ${header}`);
}
