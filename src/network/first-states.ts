/** Recurrent layers that start from the last state of another one (`startsFrom`) instead of from zeros. */
import { InputError } from "../errors.js";
import { descriptionOf, type Layer, type LayerOf } from "./layers/layers.js";

/** A layer that computes its timesteps one after the other, each from the state of the one before. */
export type RecurrentLayer = LayerOf<"lstm" | "gru">;

/** Whether a layer is one of these. */
export function isRecurrent(layer: Layer): layer is RecurrentLayer {
  return descriptionOf(layer).isRecurrent;
}

/** The layer whose last state a layer starts from; undefined where it starts from zeros, or has no state. */
export function firstStateOf(layer: Layer): string | undefined {
  return isRecurrent(layer) ? layer.startsFrom : undefined;
}

/** What a state consists of: an LSTM's h and c, a GRU's h. */
export const STATES: Readonly<Record<RecurrentLayer["kind"], number>> = { lstm: 2, gru: 1 };

/**
 * @throws InputError naming the layer, where one starts from the state of a layer that is not before it, or whose state
 * is another one.
 * @param layers of a network, each behind those whose values it reads.
 */
export function checkFirstStates(layers: readonly Layer[]): void {
  const before = new Map<string, RecurrentLayer>();
  for (const layer of layers) {
    if (!isRecurrent(layer)) continue;
    const { name, kind, units, startsFrom } = layer;
    if (startsFrom !== undefined) {
      const source = before.get(startsFrom);
      if (source === undefined) {
        throw new InputError(
          `"${name}" starts from the state of "${startsFrom}", which is not an earlier recurrent layer.`,
        );
      }
      if (source.kind !== kind || source.units !== units) {
        throw new InputError(
          `"${name}" (${kind}, ${units} units) starts from the state of "${startsFrom}" (${source.kind}, ${source.units} units); both have to have the same kind and units.`,
        );
      }
    }
    before.set(name, layer);
  }
}
