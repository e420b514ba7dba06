/** What inference runs and training does not. */
import { InputError } from "../../../errors.js";
import { firstStateOf } from "../../../network/first-states.js";
import { readsResidual } from "../../../network/linear-path.js";
import { layersWithShapes, type Network } from "../../../network/network.js";

const IMPORT_AGAIN = "which has no training here: train the model where it comes from, and import it again.";

/** @throws InputError where a valid network reads what a linear path leaves, or has a layer, which it names, that is not trained. */
export function checkTrainable(network: Network): void {
  if (readsResidual(network)) {
    throw new InputError(
      "A network that reads what its linear path leaves is trained without the path: residualNetwork(network), on what the path leaves.",
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
