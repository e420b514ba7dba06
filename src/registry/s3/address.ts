/** The address of models in an object store: s3://bucket/prefix. */
import { InputError } from "../../errors.js";

export interface S3Address {
  readonly bucket: string;
  /** What the keys begin with: empty, or with a slash at its end. */
  readonly prefix: string;
}

const ADDRESS = /^s3:\/\/([A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9])(?:\/(.*))?$/;

/** Whether a place of models is meant to be one in an object store. */
export function isS3Address(place: string): boolean {
  return /^s3:/i.test(place);
}

/** @throws InputError where it is not such an address. */
export function parseS3Address(place: string): S3Address {
  const [, bucket, path = ""] = ADDRESS.exec(place) ?? [];
  const parts = path.split("/").filter((part) => part !== "");
  if (bucket === undefined || parts.some((part) => part === "." || part === "..")) {
    throw new InputError(
      `"${place}" is not an address of models in an object store: that is s3://bucket or s3://bucket/prefix.`,
    );
  }
  return { bucket, prefix: parts.map((part) => `${part}/`).join("") };
}
