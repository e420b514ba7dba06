/** Requests to the service that the page came from. The token stays in this module's memory, and goes with the page. */
import { type ArrowTable, readArrowStream } from "./arrow-stream.js";
import type { Activity, Calibration, Manifest, ReadingsAnswer, StoreListing } from "./service-types.js";

/** What the service said was wrong (RFC 9457), or why it did not answer. */
export class ServiceError extends Error {
  readonly title: string;
  readonly status: number;
  readonly places: readonly { readonly path: string; readonly message: string }[];
  readonly requestId: string | null;

  constructor(title: string, detail: string, status = 0, more: Partial<ServiceError> = {}) {
    super(detail);
    this.title = title;
    this.status = status;
    this.places = more.places ?? [];
    this.requestId = more.requestId ?? null;
  }
}

interface Problem {
  readonly title?: string;
  readonly detail?: string;
  readonly errors?: ServiceError["places"];
}

let token: string | undefined;
let askForToken: (isWrong: boolean) => Promise<string> = () => Promise.reject(new Error("No one to ask."));
let asking: Promise<string> | undefined;

/** @param ask shows a person the question for the token; it is asked again with `isWrong` where the token does not fit. */
export function whenTokenIsNeeded(ask: (isWrong: boolean) => Promise<string>): void {
  askForToken = ask;
}

/** @throws ServiceError */
async function request(path: string, init: RequestInit = {}): Promise<Response> {
  for (;;) {
    const sent = token;
    const headers = new Headers(init.headers);
    if (sent !== undefined) headers.set("authorization", `Bearer ${sent}`);
    const response = await fetch(path, { ...init, headers }).catch((cause: unknown) => {
      if (init.signal?.aborted === true) throw cause;
      throw new ServiceError(
        "No answer",
        `The service at ${location.origin} does not answer; is it running?`,
      );
    });
    if (response.ok) return response;
    const error = await errorOf(response);
    if (response.status !== 401) throw error;
    // Several requests that need it ask once; one that was sent before the token was known tries again with it.
    if (token !== sent) continue;
    asking ??= askForToken(sent !== undefined).finally(() => {
      asking = undefined;
    });
    token = await asking;
  }
}

async function errorOf(response: Response): Promise<ServiceError> {
  const text = await response.text();
  let problem: Problem = {};
  try {
    problem = JSON.parse(text) as Problem;
  } catch {
    // Something between the page and the service answered, such as a proxy.
  }
  return new ServiceError(
    problem.title ?? `Status ${response.status}`,
    problem.detail ?? (text.slice(0, 300) || response.statusText),
    response.status,
    { places: problem.errors ?? [], requestId: response.headers.get("x-request-id") },
  );
}

async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await request(path, {
    headers: { accept: "application/json" },
    ...(signal ? { signal } : {}),
  });
  return (await response.json()) as T;
}

const modelPath = (name: string) => `/v1/models/${encodeURIComponent(name)}`;
const versionPath = (name: string, version: string) =>
  `${modelPath(name)}/versions/${encodeURIComponent(version)}`;

export function listModels(): Promise<StoreListing> {
  return getJson("/v1/models");
}

export function getManifest(name: string, version: string): Promise<Manifest> {
  return getJson(versionPath(name, version));
}

export function getCalibration(name: string, version: string): Promise<Calibration> {
  return getJson(`${versionPath(name, version)}/calibration`);
}

export function getActivity(name: string, version: string): Promise<Activity> {
  return getJson(`${versionPath(name, version)}/activity`);
}

export function getSample(name: string, version: string): Promise<unknown> {
  return getJson(`${modelPath(name)}/sample?version=${encodeURIComponent(version)}`);
}

/** `/metrics`, as it stands. */
export async function getMetricsText(): Promise<string> {
  return (await request("/metrics")).text();
}

/** What a file holds, as a version reads it. */
export async function readFile(
  name: string,
  version: string,
  file: Blob,
  fileName: string,
): Promise<ReadingsAnswer> {
  const query = new URLSearchParams({ version, file: fileName });
  const response = await request(`${modelPath(name)}/readings?${query}`, {
    method: "POST",
    headers: {
      "content-type": "application/octet-stream",
      ...(/\.gz$/i.test(fileName) ? { "content-encoding": "gzip" } : {}),
    },
    body: file,
  });
  return (await response.json()) as ReadingsAnswer;
}

/** @param body of a score request for a series */
export async function scoreSeries(
  name: string,
  version: string,
  body: Blob,
  signal: AbortSignal,
): Promise<ArrowTable> {
  const response = await request(`${modelPath(name)}/score?version=${encodeURIComponent(version)}`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/vnd.apache.arrow.stream" },
    body,
    signal,
  });
  return readArrowStream(new Uint8Array(await response.arrayBuffer()));
}
