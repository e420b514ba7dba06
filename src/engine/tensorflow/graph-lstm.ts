/**
 * The LSTM cell as TensorFlow nodes (Hochreiter & Schmidhuber 1997, "Long short-term memory", with the forget gate of
 * Gers et al. 2000; gates in the order i, f, c, o as in Keras):
 *
 *   z = x W + b + h R      i, f, o = r(z)      c' = f c + i a(z)      h' = o a(c')
 */
import type { LstmLayer } from "../../network/network.js";
import type { Result } from "./graph-builder.js";
import { activate, add, matMul, multiply, split } from "./graph-ops.js";
import type { Cell } from "./graph-recurrence.js";

/**
 * The cell of an LSTM layer; its state is h, then c.
 * @param recurrentKernel [U, 4U]
 */
export function lstmCell(layer: LstmLayer, recurrentKernel: Result): Cell {
  const { units, activation, recurrentActivation } = layer;
  return {
    units,
    gateWidth: 4 * units,
    weights: [recurrentKernel],
    step(scope, projected, [kernel], before) {
      const [hidden, cell] = before ?? [];
      const z = hidden === undefined ? projected : add(scope, projected, matMul(scope, hidden, kernel!));
      const [i, f, c, o] = split(scope, z, 1, 4);
      const gate = (value: Result): Result => activate(scope, recurrentActivation, value);
      const fresh = multiply(scope, gate(i!), activate(scope, activation, c!));
      const next = cell === undefined ? fresh : add(scope, multiply(scope, gate(f!), cell), fresh);
      return [multiply(scope, gate(o!), activate(scope, activation, next)), next];
    },
  };
}
