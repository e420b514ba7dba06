/**
 * The GRU cell as TensorFlow nodes (Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder for
 * statistical machine translation"; gates in the order z, r, h as in Keras). With x the projected input x W + b, s the
 * recurrent activation and a the activation:
 *
 *   h' = z h + (1 - z) g
 *   reset after the product, Keras's default:  z, r = s(x + (h R + d))      g = a(x + r (h R + d))
 *   reset before the product:                  z, r = s(x + h R)            g = a(x + (r h) R)
 */
import type { Activation } from "../../network/network.js";
import type { Result, Scope } from "./graph-builder.js";
import { activate, add, addBias, matMul, multiply, slice, split, subtract } from "./graph-ops.js";
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
 * @param recurrentBias d [3U] where the reset gate is applied after the product, `undefined` where before it.
 */
export function gruCell(settings: GruSettings, recurrentKernel: Result, recurrentBias?: Result): Cell {
  const { units } = settings;
  return {
    units,
    gateWidth: 3 * units,
    weights: recurrentBias === undefined ? [recurrentKernel] : [recurrentKernel, recurrentBias],
    step(scope, projected, [kernel, bias], before) {
      const [hidden] = before ?? [];
      const next =
        bias === undefined
          ? resetBefore(scope, settings, projected, kernel!, hidden)
          : resetAfter(scope, settings, projected, inner(scope, kernel!, bias, hidden), hidden);
      return [next];
    },
  };
}

/** h R + d [n, 3U]; d alone, [3U], for the zero state. */
function inner(scope: Scope, kernel: Result, bias: Result, hidden: Result | undefined): Result {
  return hidden === undefined ? bias : addBias(scope, matMul(scope, hidden, kernel), bias);
}

function resetAfter(
  scope: Scope,
  { activation, recurrentActivation }: GruSettings,
  projected: Result,
  recurrent: Result,
  hidden: Result | undefined,
): Result {
  const [xz, xr, xh] = split(scope, projected, 1, 3);
  // The last axis: of [n, 3U], or of [3U].
  const [hz, hr, hh] = split(scope, recurrent, hidden === undefined ? 0 : 1, 3);
  const z = activate(scope, recurrentActivation, add(scope, xz!, hz!));
  const r = activate(scope, recurrentActivation, add(scope, xr!, hr!));
  const g = activate(scope, activation, add(scope, xh!, multiply(scope, r, hh!)));
  return mix(scope, z, hidden, g);
}

function resetBefore(
  scope: Scope,
  { units, activation, recurrentActivation }: GruSettings,
  projected: Result,
  kernel: Result,
  hidden: Result | undefined,
): Result {
  const [xz, xr, xh] = split(scope, projected, 1, 3);
  if (hidden === undefined) {
    return mix(scope, activate(scope, recurrentActivation, xz!), hidden, activate(scope, activation, xh!));
  }
  const gates = matMul(scope, hidden, slice(scope, kernel, [0, 0], [-1, 2 * units]));
  const [hz, hr] = split(scope, gates, 1, 2);
  const z = activate(scope, recurrentActivation, add(scope, xz!, hz!));
  const r = activate(scope, recurrentActivation, add(scope, xr!, hr!));
  const own = slice(scope, kernel, [0, 2 * units], [-1, units]);
  const sum = add(scope, xh!, matMul(scope, multiply(scope, r, hidden), own));
  return mix(scope, z, hidden, activate(scope, activation, sum));
}

/** z h + (1 - z) g; h is zero where it is undefined. */
function mix(scope: Scope, z: Result, hidden: Result | undefined, g: Result): Result {
  const fresh = multiply(scope, subtract(scope, scope.constant("float", [], [1]), z), g);
  return hidden === undefined ? fresh : add(scope, multiply(scope, z, hidden), fresh);
}
