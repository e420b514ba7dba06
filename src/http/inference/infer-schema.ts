/** Schemas of the requests and answers of the Open Inference Protocol (version 2, REST). */
import { type Static, Type } from "@sinclair/typebox";

/** The one input tensor of every model. */
export const INPUT_NAME = "windows";

// Clients add parameters of their own; the protocol wants unknown ones to be ignored.
const Parameters = Type.Optional(
  Type.Record(Type.String(), Type.Unknown(), { description: "Unknown ones are ignored" }),
);

const Data = Type.Array(Type.Unknown(), {
  description: "Row-major, flat or nested as the shape says; null is a missing reading",
});

export const InferRequestSchema = Type.Object({
  id: Type.Optional(Type.String()),
  parameters: Parameters,
  inputs: Type.Array(
    Type.Object({
      name: Type.String({ description: INPUT_NAME }),
      shape: Type.Array(Type.Integer({ minimum: 0 }), { description: "[n, T, F]" }),
      datatype: Type.String({
        description: "FP32 or FP64; the model's metadata says which of them keeps its readings",
      }),
      parameters: Parameters,
      data: Type.Optional(Data),
    }),
    { minItems: 1 },
  ),
  outputs: Type.Optional(
    Type.Array(Type.Object({ name: Type.String(), parameters: Parameters }), {
      description: "By default every head, timestep_error, score, and anomalous where there is a threshold",
    }),
  ),
});
export type InferRequest = Static<typeof InferRequestSchema>;

export const InferResponseSchema = Type.Object({
  model_name: Type.String(),
  model_version: Type.String(),
  id: Type.Optional(Type.String()),
  outputs: Type.Array(
    Type.Object({
      name: Type.String(),
      datatype: Type.String(),
      shape: Type.Array(Type.Integer()),
      parameters: Type.Optional(Type.Object({ binary_data_size: Type.Integer() })),
      data: Type.Optional(Type.Array(Type.Union([Type.Number(), Type.Boolean(), Type.Null()]))),
    }),
  ),
});

export const InferErrorSchema = Type.Object(
  { error: Type.String() },
  { title: "InferError", description: "An error" },
);

export const ServerMetadataSchema = Type.Object({
  name: Type.String(),
  version: Type.String(),
  extensions: Type.Array(Type.String()),
});

const TensorMetadata = Type.Object({
  name: Type.String(),
  datatype: Type.String(),
  shape: Type.Array(Type.Integer(), { description: "-1 is any number of windows" }),
});

/** The protocol leaves the parameters of a tensor open. */
const InputMetadata = Type.Composite([
  TensorMetadata,
  Type.Object({
    parameters: Type.Object({
      features: Type.Array(
        Type.Object({ name: Type.String(), unit: Type.Union([Type.String(), Type.Null()]) }),
        { description: "The last dimension, in order; a unit is null where the training data had none" },
      ),
      calendar: Type.Optional(
        Type.Object(
          { parts: Type.Array(Type.String()), timeZone: Type.String() },
          {
            description:
              "What the model reads of the time of each row: it takes no windows, but series with timestamps at the native score route",
          },
        ),
      ),
    }),
  }),
]);

export const ModelMetadataSchema = Type.Object({
  name: Type.String(),
  versions: Type.Array(Type.String()),
  platform: Type.String(),
  inputs: Type.Array(InputMetadata),
  outputs: Type.Array(TensorMetadata),
});

export const RepositoryIndexSchema = Type.Array(
  Type.Object({
    name: Type.String(),
    version: Type.String(),
    state: Type.String(),
    reason: Type.String(),
  }),
);
