/** What inference runs and training does not. */
import { InputError } from "../../../errors.js";
import { firstStateOf } from "../../../network/first-states.js";
import { layersWithShapes, type Network } from "../../../network/network.js";

const IMPORT_AGAIN = "which has no training here: train the model where it comes from, and import it again.";

/** @throws {InputError} where a valid network has a linear path, or a layer, which it names, that is not trained. */
export function checkTrainable(network: Network): void {
  if (network.linearPath !== undefined) {
    throw new InputError(
      "A network with a linear path is trained without it: residualNetwork(network), on what the path leaves.",
    );
  }
  for (const { layer } of layersWithShapes(network)) {
    if (layer.kind === "layerNormalization") {
      throw new InputError(`Layer "${layer.name}" is a LayerNormalization, ${IMPORT_AGAIN}`);
    }
    if (firstStateOf(layer) !== undefined) {
      throw new InputError(`Layer "${layer.name}" starts from the state of another layer, ${IMPORT_AGAIN}`);
    }
  }
}
