/**
 * TensorFlow's op CudnnRNNV3 in plain float64, by the formulas of NVIDIA's documentation of cuDNN (cudnnRNNMode_t,
 * cudnnGetRNNWeightParams), one layer in one direction.
 */
import type { Value } from "./tensor-ops.js";

const GATES: Readonly<Record<string, number>> = { lstm: 4, gru: 3 };

/**
 * @param mode `lstm` or `gru`.
 * @param inputs the sequence [T, n, N]; the first states h and, of an LSTM, c, each [1, n, U]; the packed weights: of
 *   each gate W [U, N], then of each R [U, U], of each bW [U], of each bR [U]. The gates of an LSTM are i, f, c, o,
 *   those of a GRU r, z, h. Last, how many
 *   timesteps each window has [n]: here always all of them.
 * @returns the sequence of h [T, n, U], and the last h and c, each [1, n, U].
 */
export function runCudnn(mode: string, [sequence, h0, c0, packed, lengths]: readonly Value[]): Value[] {
  const [steps, count, width] = sequence!.shape as [number, number, number];
  if (lengths!.data.length !== count || lengths!.data.some((length) => length !== steps)) {
    throw new Error(`windows of ${lengths!.data} timesteps`);
  }
  const units = h0!.shape[2]!;
  const gates = GATES[mode];
  if (gates === undefined) throw new Error(`no mode ${mode}`);
  const weights = packed!.data;
  const [r, bW] = [gates * units * width, gates * units * (width + units)];
  const bR = bW + gates * units;
  if (weights.length !== bR + gates * units) throw new Error(`${weights.length} packed weights`);
  const dot = (from: number, row: readonly number[]): number =>
    row.reduce((sum, value, k) => sum + weights[from + k]! * value, 0);
  const rowsOf = ({ data }: Value): number[][] =>
    Array.from({ length: count }, (_, n) => data.slice(n * units, (n + 1) * units));
  let h = rowsOf(h0!);
  let c = mode === "lstm" ? rowsOf(c0!) : h;
  const out: number[][] = [];
  for (let t = 0; t < steps; t++) {
    const next = h.map((before, n) => {
      const x = sequence!.data.slice((t * count + n) * width, (t * count + n + 1) * width);
      const ofInput = (gate: number, u: number): number =>
        dot((gate * units + u) * width, x) + weights[bW + gate * units + u]!;
      const ofState = (gate: number, u: number): number =>
        dot(r + (gate * units + u) * units, before) + weights[bR + gate * units + u]!;
      const both = (gate: number, u: number): number => ofInput(gate, u) + ofState(gate, u);
      return before.map((value, u) => {
        if (mode === "lstm") {
          const [i, f, o] = [both(0, u), both(1, u), both(3, u)].map(sigmoid) as [number, number, number];
          const cell = f * c[n]![u]! + i * Math.tanh(both(2, u));
          return { h: o * Math.tanh(cell), c: cell };
        }
        const [reset, update] = [sigmoid(both(0, u)), sigmoid(both(1, u))];
        const fresh = Math.tanh(ofInput(2, u) + reset * ofState(2, u));
        return { h: (1 - update) * fresh + update * value, c: 0 };
      });
    });
    h = next.map((row) => row.map((state) => state.h));
    c = next.map((row) => row.map((state) => state.c));
    out.push(...h);
  }
  const last = (rows: readonly number[][]): Value => ({ shape: [1, count, units], data: rows.flat() });
  return [{ shape: [steps, count, units], data: out.flat() }, last(h), last(c)];
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}
