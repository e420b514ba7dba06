/**
 * The GRU cell as TensorFlow nodes (Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder for
 * statistical machine translation"), as in Keras with `reset_after`, its default: the reset gate is applied after the
 * product with the recurrent kernel. Gates in the order z, r, h:
 *
 *   x' = x W + b      h* = h R + d      z, r = s(x' + h*)      g = a(x' + r h*)      h' = z h + (1 - z) g
 */
import type { Activation } from "../../network/network.js";
import type { Result, Scope } from "./graph-builder.js";
import { activate, add, addBias, matMul, multiply, split, subtract } from "./graph-ops.js";
import type { Cell } from "./graph-recurrence.js";

export interface GruSettings {
  readonly units: number;
  /** a, the activation of the state. */
  readonly activation: Activation;
  /** s, the activation of the gates. */
  readonly recurrentActivation: Activation;
}

/**
 * The cell of a GRU layer; its state is h.
 * @param recurrentKernel R [U, 3U]
 * @param recurrentBias d [3U]
 */
export function gruCell(settings: GruSettings, recurrentKernel: Result, recurrentBias: Result): Cell {
  const { units, activation, recurrentActivation } = settings;
  return {
    units,
    gateWidth: 3 * units,
    weights: [recurrentKernel, recurrentBias],
    step(scope, projected, [kernel, bias], before) {
      const [hidden] = before ?? [];
      const [xz, xr, xh] = split(scope, projected, 1, 3);
      const [hz, hr, hh] = recurrentSums(scope, kernel!, bias!, hidden);
      const gate = (x: Result, h: Result): Result => activate(scope, recurrentActivation, add(scope, x, h));
      const z = gate(xz!, hz!);
      const sum = add(scope, xh!, multiply(scope, gate(xr!, hr!), hh!));
      const one = scope.constant("float", [], [1]);
      const fresh = multiply(scope, subtract(scope, one, z), activate(scope, activation, sum));
      return [hidden === undefined ? fresh : add(scope, multiply(scope, z, hidden), fresh)];
    },
  };
}

/** h R + d by gate: [n, U] each; the part of d, [U], for the state before the first timestep, which is zero. */
function recurrentSums(scope: Scope, kernel: Result, bias: Result, hidden: Result | undefined): Result[] {
  if (hidden === undefined) return split(scope, bias, 0, 3);
  return split(scope, addBias(scope, matMul(scope, hidden, kernel), bias), 1, 3);
}
