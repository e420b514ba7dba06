/** The shape of what a Keras model reads, as configurations of layers give it. */
import { InputError } from "../errors.js";
import { array, type JsonObject, object, text } from "../network/json-guards.js";
import { word } from "./settings.js";

/** [T, F] or [N]; null where the model takes any number. */
export type InputShape = readonly (number | null)[];

/** The input shape of a model that is the first layer of another. */
export function innerShape(config: JsonObject): InputShape | undefined {
  const built = config["build_input_shape"];
  if (Array.isArray(built)) return readShape(built, word(config["name"]));
  const entries = Array.isArray(config["layers"]) ? (config["layers"] as unknown[]) : [];
  for (const entry of entries) {
    const own = object(object(entry, "A layer of the model")["config"], "config of a layer");
    const shape = shapeOf(own, word(own["name"]));
    if (shape !== undefined) return shape;
  }
  return undefined;
}

/** The input shape that the configuration of a layer gives; undefined where it gives none. */
export function shapeOf(config: JsonObject, name: string): InputShape | undefined {
  const shape = config["batch_shape"] ?? config["batch_input_shape"];
  return shape === undefined || shape === null ? undefined : readShape(shape, name);
}

function readShape(value: unknown, name: string): InputShape {
  const shape = array(value, `input shape of layer "${name}"`).slice(1);
  const isShape = shape.every(
    (size) => size === null || (Number.isSafeInteger(size) && (size as number) > 0),
  );
  if (!isShape || shape.length < 1 || shape.length > 2) {
    throw new InputError(
      `Layer "${name}" takes inputs of shape [null, ${shape.map(text).join(", ").slice(0, 60)}]; a model of windows takes [null, timesteps, features], or [null, values].`,
    );
  }
  return shape as InputShape;
}
