/**
 * The messages of `open-inference.proto`, as they are read and written: absent fields have their defaults, and typed values
 * are bytes (`infer-codec.ts`).
 */

export interface InferParameter {
  /** Which of the fields is set. */
  readonly parameter_choice?: string;
  readonly int64_param?: number;
  readonly uint64_param?: number;
  readonly double_param?: number;
}
type Parameters = readonly { readonly key: string; readonly value: InferParameter | null }[];

export interface InputTensorMessage {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  /** An InferTensorContents; empty where there is none. */
  readonly contents: Buffer;
}

export interface InferRequestMessage {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly parameters: Parameters;
  readonly inputs: readonly InputTensorMessage[];
  readonly outputs: readonly { readonly name: string }[];
  readonly raw_input_contents: readonly Buffer[];
}

export interface OutputTensorMessage {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  /** An InferTensorContents. */
  readonly contents?: Buffer;
}

export interface InferResponseMessage {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly outputs: readonly OutputTensorMessage[];
  readonly raw_output_contents: readonly Buffer[];
}

export interface ModelNameMessage {
  readonly name: string;
  /** Empty for the version that answers by default. */
  readonly version: string;
}
