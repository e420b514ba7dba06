/** An activation behind the layers so far, by those that the engines have. */
import { type Chain, denseOf } from "./chain.js";
import type { KerasActivation } from "./settings.js";

/**
 * Adds an activation: within the dense layer before where it has none yet, else by layers of its own. One that differs
 * from the engines' below 0 is made of the parts above and below, max(x, 0) and max(-x, 0):
 *
 *   LeakyReLU    max(x, 0) - slope max(-x, 0)
 *   ELU          max(x, 0) + alpha elu(-max(-x, 0))
 */
export function addActivation(chain: Chain, name: string, activation: KerasActivation): void {
  if (typeof activation === "string") {
    chain.activate(name, activation);
    return;
  }
  const { width } = chain;
  const what = `The activation of layer "${name}"`;
  const parts = denseOf(
    what,
    width,
    2 * width,
    (at) => {
      for (let i = 0; i < width; i++) {
        at(i, i, 1);
        at(i, width + i, -1);
      }
    },
    "relu",
  );
  chain.addDense(name, parts, true);
  if ("alpha" in activation) {
    const bent = denseOf(
      what,
      2 * width,
      2 * width,
      (at) => {
        for (let i = 0; i < width; i++) {
          at(i, i, 1);
          at(width + i, width + i, -1);
        }
      },
      "elu",
    );
    chain.addDense(name, bent, true);
  }
  const share = "alpha" in activation ? activation.alpha : -activation.negativeSlope;
  const sum = denseOf(what, 2 * width, width, (at) => {
    for (let i = 0; i < width; i++) {
      at(i, i, 1);
      at(width + i, i, share);
    }
  });
  chain.addDense(name, sum, true);
}
