/** Exits with 0 where the service in this container is ready, else with 1. Written in Node, since the image has no curl. */
const port = process.env.PORT ?? "3000";
const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(2_500) }).catch(
  () => undefined,
);
process.exit(answer?.ok ? 0 : 1);
