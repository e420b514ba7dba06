/**
 * Loads @aws-sdk/client-s3, which is installed where a store of models is s3://...: the client of the S3 protocol that
 * knows every way of AWS to give credentials (variables, profiles, web identity, roles of containers and machines). The
 * compiler runs without it, so what is used of it is declared here.
 */
import { createRequire } from "node:module";
import { InputError } from "../../errors.js";

/** An object in a listing. */
export interface ListedObject {
  readonly Key?: string;
  readonly Size?: number;
  readonly ETag?: string;
  readonly LastModified?: Date;
}

/** What the answers to the commands below have, those members that are used. */
export interface Answer {
  readonly ETag?: string;
  readonly LastModified?: Date;
  readonly ContentLength?: number;
  /** User metadata, keys in lower case. */
  readonly Metadata?: Readonly<Record<string, string>>;
  readonly Body?: AsyncIterable<Uint8Array> & { destroy(): void };
  readonly Contents?: readonly ListedObject[];
  readonly NextContinuationToken?: string;
  /** "url" where keys are percent-encoded. */
  readonly EncodingType?: string;
}

export interface Client {
  send(command: object, options: { readonly abortSignal: AbortSignal }): Promise<Answer>;
  destroy(): void;
}

type Input = Readonly<Record<string, unknown>>;
type Command = new (input: Input) => object;

export interface AwsLibrary {
  readonly S3Client: new (options: Input) => Client;
  readonly ListObjectsV2Command: Command;
  readonly HeadObjectCommand: Command;
  readonly GetObjectCommand: Command;
  readonly PutObjectCommand: Command;
  readonly DeleteObjectCommand: Command;
}

/** @throws InputError where the package is not installed. */
export function loadAws(): AwsLibrary {
  try {
    return createRequire(import.meta.url)("@aws-sdk/client-s3") as AwsLibrary;
  } catch (cause) {
    throw new InputError(
      "Models in an object store need the package @aws-sdk/client-s3, which is not installed: start with npm start and RESIDUA_MODELS=s3://..., or run node src/setup.mjs.",
      { cause },
    );
  }
}

/** How often a request is tried. */
const ATTEMPTS = 4;
const CONNECT_MS = 5_000;
const IDLE_MS = 10_000;
const MOST_CONNECTIONS = 32;

interface Connection {
  /** The address of the store; undefined for Amazon's own. */
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  /** A connection on which nothing moves for so long is given up. */
  readonly idleMs?: number | undefined;
}

/** A client of one object store, with its connections. */
export function createClient(
  { S3Client }: AwsLibrary,
  { endpoint, region, idleMs = IDLE_MS }: Connection,
): Client {
  // What the client says about Node's age, on seven lines of stderr, is for those who choose its version, not its users.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
  const agent = { keepAlive: true, maxSockets: MOST_CONNECTIONS };
  return new S3Client({
    ...(endpoint === undefined ? { followRegionRedirects: true } : { endpoint, forcePathStyle: true }),
    ...(region === undefined ? {} : { region }),
    maxAttempts: ATTEMPTS,
    retryMode: "standard",
    // Stores that are not Amazon's often know none. The manifest's hashes say more.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      socketTimeout: idleMs,
      httpAgent: agent,
      httpsAgent: agent,
      // It warns of requests that wait for a connection, which is meant here.
      logger: { warn: () => undefined },
    },
  });
}
