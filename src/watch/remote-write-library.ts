/**
 * Loads protobufjs and snappyjs, which are installed for the command line alone. The compiler runs without them, so what is
 * used of them is declared here.
 */
import { createRequire } from "node:module";
import { InputError } from "../errors.js";

interface MessageType {
  encode(message: object): { finish(): Uint8Array };
}
interface ProtobufModule {
  readonly Root: { fromJSON(json: object): { lookupType(name: string): MessageType } };
}
interface SnappyModule {
  compress(bytes: Uint8Array): Uint8Array<ArrayBuffer>;
}

/** A time series of a WriteRequest, which is what Prometheus's remote write sends. */
export interface TimeSeries {
  /** In the order of their names. */
  readonly labels: readonly { readonly name: string; readonly value: string }[];
  /** `timestamp` in ms since 1970, increasing. */
  readonly samples: readonly { readonly value: number; readonly timestamp: number }[];
}

/** The messages of the Prometheus remote-write specification 1.0 that are sent here. */
const DEFINITIONS = {
  nested: {
    WriteRequest: { fields: { timeseries: { rule: "repeated", type: "TimeSeries", id: 1 } } },
    TimeSeries: {
      fields: {
        labels: { rule: "repeated", type: "Label", id: 1 },
        samples: { rule: "repeated", type: "Sample", id: 2 },
      },
    },
    Label: { fields: { name: { type: "string", id: 1 }, value: { type: "string", id: 2 } } },
    Sample: { fields: { value: { type: "double", id: 1 }, timestamp: { type: "int64", id: 2 } } },
  },
};

/** What makes the body of a request of time series. @throws InputError where the packages are not installed. */
export function loadEncoder(): (series: readonly TimeSeries[]) => Uint8Array<ArrayBuffer> {
  const { protobuf, snappy } = loadPackages();
  const type = protobuf.Root.fromJSON(DEFINITIONS).lookupType("WriteRequest");
  return (timeseries) => snappy.compress(type.encode({ timeseries }).finish());
}

function loadPackages(): { protobuf: ProtobufModule; snappy: SnappyModule } {
  const require = createRequire(import.meta.url);
  try {
    return { protobuf: require("protobufjs/light.js"), snappy: require("snappyjs") };
  } catch (error) {
    throw new InputError(
      "Scores are written with the packages protobufjs and snappyjs, which are not installed: run npm run setup, or name --write off.",
      { cause: error },
    );
  }
}
