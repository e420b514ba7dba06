/** The answers that say "later". */
const LATER = [429, 503];
/** Where the service does not say how long to wait, or does not answer. */
const DEFAULT_SECONDS = 1;

/**
 * A `fetch` that waits as long as `Retry-After` says where the service has no room or is not ready, and sends the request
 * again. A request without an answer is sent again only where that can change nothing twice.
 *
 * @param retries how often a request is sent again; then the last answer is returned, or the last error thrown.
 */
export function patientFetch(retries: number): (request: Request) => Promise<Response> {
  return async (request) => {
    for (let left = retries; ; left--) {
      let seconds = DEFAULT_SECONDS;
      try {
        // A body can be read once: each try sends a copy.
        const response = await fetch(request.clone());
        if (!LATER.includes(response.status) || left <= 0) return response;
        await response.body?.cancel();
        seconds = Number.parseFloat(response.headers.get("retry-after") ?? "");
      } catch (error) {
        if (request.signal.aborted || left <= 0 || !isRepeatable(request)) throw error;
      }
      await pause((Number.isFinite(seconds) ? seconds : DEFAULT_SECONDS) * 1000, request.signal);
    }
  };
}

function isRepeatable({ method, headers, url }: Request): boolean {
  return method === "GET" || headers.has("idempotency-key") || new URL(url).pathname.endsWith("/score");
}

/** Resolves after a time; rejects with the signal's reason once it is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
