/** Errors as gRPC's clients expect them: a status code, and details that a program can read. */
import type { ResiduaError } from "../../errors.js";
import type { Failure, GrpcLibrary } from "./grpc-library.js";

/** gRPC's status codes (https://grpc.io/docs/guides/status-codes), as far as they are used here. */
export const GRPC_STATUS = {
  OK: 0,
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  RESOURCE_EXHAUSTED: 8,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

/**
 * For each HTTP status the code that means the same. Clients take RESOURCE_EXHAUSTED and UNAVAILABLE as a sign that the
 * same request may succeed later; 413, a request that is too large at any time, is therefore INVALID_ARGUMENT.
 */
const CODES: Readonly<Record<number, number>> = {
  401: GRPC_STATUS.UNAUTHENTICATED,
  404: GRPC_STATUS.NOT_FOUND,
  429: GRPC_STATUS.RESOURCE_EXHAUSTED,
  503: GRPC_STATUS.UNAVAILABLE,
  504: GRPC_STATUS.DEADLINE_EXCEEDED,
};
const TYPE = "type.googleapis.com/google.rpc.";

export function grpcCode({ status }: ResiduaError): number {
  return CODES[status] ?? (status < 500 ? GRPC_STATUS.INVALID_ARGUMENT : GRPC_STATUS.INTERNAL);
}

/**
 * The failure of a call. Its trailer `grpc-status-details-bin` holds a `google.rpc.Status` with an `ErrorInfo`, whose
 * reason is the error's code, and where a later try may succeed a `RetryInfo`.
 */
export function grpcFailure(grpc: GrpcLibrary, error: ResiduaError): Failure {
  const code = grpcCode(error);
  const info = { reason: error.code, domain: "residua" };
  const details = [any(grpc, "ErrorInfo", info)];
  if (code === GRPC_STATUS.RESOURCE_EXHAUSTED || code === GRPC_STATUS.UNAVAILABLE) {
    details.push(
      any(grpc, "RetryInfo", { retry_delay: { seconds: error.retryAfterSeconds ?? 1, nanos: 0 } }),
    );
  }
  const metadata = new grpc.Metadata();
  const status = { code, message: error.message, details };
  metadata.set("grpc-status-details-bin", grpc.serialize("google.rpc.Status", status));
  return { code, details: error.message, metadata };
}

function any(grpc: GrpcLibrary, name: string, message: object): { type_url: string; value: Buffer } {
  return { type_url: `${TYPE}${name}`, value: grpc.serialize(`google.rpc.${name}`, message) };
}
