/**
 * Reads and writes the messages of ModelInfer with the values of tensors as bytes. Packed numbers of a protocol buffer are
 * the numbers' own bytes, little-endian (https://protobuf.dev/programming-guides/encoding/#packed), so typed values are
 * read and written as fast as raw ones; the library would make an array of millions of numbers on the event loop.
 */

/** How a message is read and written. */
export interface MessageCodec {
  deserialize(bytes: Buffer): object;
  serialize(message: object): Buffer;
}

/** A message as google/protobuf/descriptor.proto describes it, as far as it is looked at here. */
interface MessageDescriptor {
  readonly field: readonly { readonly name: string; readonly oneofIndex?: number }[];
  readonly nestedType?: readonly MessageDescriptor[];
  readonly oneofDecl?: readonly object[];
}

/** What @grpc/proto-loader gives, by full name; messages have a `type`. */
export type Definitions = Readonly<Record<string, object>>;
export type FromDescriptors = (descriptors: object, options: object) => Definitions;

const PACKAGE = "inference";
/** The field of a tensor that holds its typed values. */
const CONTENTS = "contents";

/**
 * The messages of the package with `contents` as bytes: on the wire, a message within a message is the same. A map is a list
 * of its keys and values, which is the same on the wire, too.
 */
export function inferCodecs(
  definitions: Definitions,
  fromDescriptors: FromDescriptors,
  options: object,
): { readonly request: MessageCodec; readonly response: MessageCodec } {
  const messages = Object.entries(definitions)
    .filter(([name]) => name.startsWith(`${PACKAGE}.`))
    .flatMap(([, definition]) =>
      "type" in definition ? [withBytes(definition.type as MessageDescriptor)] : [],
    );
  const file = { name: "infer.proto", package: PACKAGE, syntax: "proto3", messageType: messages };
  const changed = fromDescriptors({ file: [file] }, options);
  return {
    request: changed[`${PACKAGE}.ModelInferRequest`] as MessageCodec,
    response: changed[`${PACKAGE}.ModelInferResponse`] as MessageCodec,
  };
}

function withBytes(message: MessageDescriptor): MessageDescriptor {
  const hasOneof = (message.oneofDecl?.length ?? 0) > 0;
  return {
    ...message,
    nestedType: (message.nestedType ?? []).map(withBytes),
    field: message.field.map(({ oneofIndex, ...field }) => ({
      ...field,
      // Without a group of alternatives, 0 is the default of a field that is not set.
      ...(hasOneof && oneofIndex !== undefined && { oneofIndex }),
      ...(field.name === CONTENTS && { type: "TYPE_BYTES", typeName: "" }),
    })),
  };
}
