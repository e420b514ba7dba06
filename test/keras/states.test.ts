/** Layers that start from states: what is no last state of a recurrent layer before them is refused, by name. */
import { test } from "node:test";
import type { StoredModel } from "../../src/keras/stored-model.js";
import { assertRefused, type Config, functional, zeros } from "./made-models.js";

const ENCODER = { units: 3, activation: "tanh", return_state: true };
const DECODER = { units: 2, activation: "tanh", return_sequences: true };
const LSTMS = {
  "lstm/cell": [zeros(2, 12), zeros(3, 12), zeros(12)],
  "lstm_1/cell": [zeros(3, 8), zeros(2, 8), zeros(8)],
};

/** An encoder [5, 2] -> 3, and a decoder of 2 units that starts from what is named. */
function startedFrom(...states: [string, number][]): StoredModel {
  return functional(
    [
      ["LSTM", "encoder", ENCODER, [["in", 0]]],
      ["RepeatVector", "repeat", { n: 5 }, [["encoder", 0]]],
      ["LSTM", "decoder", DECODER, [["repeat", 0], ...states]],
    ],
    ["decoder", 0],
    LSTMS,
  );
}

const STATE_CASES: readonly [what: string, model: StoredModel, pattern: RegExp][] = [
  [
    "from c and then h",
    startedFrom(["encoder", 2], ["encoder", 1]),
    /^Layer "decoder" \(LSTM\) starts from output 2 of "encoder" and output 1 of "encoder", .* both states of one LSTM, h and then c/,
  ],
  [
    "from h alone",
    startedFrom(["encoder", 1]),
    /"decoder" \(LSTM\) starts from output 1 of "encoder", which cannot/,
  ],
  [
    "from a layer without states",
    startedFrom(["repeat", 0], ["repeat", 0]),
    /"decoder" \(LSTM\) starts from output 0 of "repeat" and output 0 of "repeat"/,
  ],
  [
    "from a layer of other units",
    startedFrom(["encoder", 1], ["encoder", 2]),
    /"decoder" \(lstm, 2 units\) starts from the state of "encoder" \(lstm, 3 units\)/,
  ],
  [
    "from a state that there is not",
    startedFrom(["encoder", 1], ["encoder", 3]),
    /Layer "decoder" reads output 3 of "encoder", counted from 0, and it has 3/,
  ],
  [
    "while reading the window itself",
    functional(
      [
        ["LSTM", "encoder", { ...ENCODER, units: 2 }, [["in", 0]]],
        [
          "LSTM",
          "decoder",
          DECODER,
          [
            ["in", 0],
            ["encoder", 1],
            ["encoder", 2],
          ],
        ],
      ],
      ["decoder", 0],
      {
        "lstm/cell": [zeros(2, 8), zeros(2, 8), zeros(8)],
        "lstm_1/cell": [zeros(2, 8), zeros(2, 8), zeros(8)],
      },
    ),
    /"decoder" starts from the state of layer "encoder", which does not lead to what "decoder" reads: .*teacher forcing/,
  ],
];

for (const [what, model, pattern] of STATE_CASES) {
  test(`a decoder that starts ${what} is refused`, () => assertRefused(model, pattern));
}

test("c read as a value, and h of a layer whose sequence is read too, are refused", () => {
  const reading = (tensor: number, config: Config): StoredModel =>
    functional(
      [
        ["LSTM", "encoder", config, [["in", 0]]],
        ["LSTM", "other", DECODER, [["encoder", 0]]],
        ["RepeatVector", "repeat", { n: 5 }, [["encoder", tensor]]],
      ],
      ["repeat", 0],
      LSTMS,
    );
  assertRefused(
    reading(2, ENCODER),
    /^Layer "repeat" reads output 2 of "encoder" \(return_state\) as a value/,
  );
  assertRefused(
    reading(1, { ...ENCODER, return_sequences: true }),
    /^Layer "repeat" reads the last state of "encoder", whose sequence Layer "other" reads/,
  );
});

test("an output of a layer that is no recurrent one, and two inputs of one that has one, are refused", () => {
  const dense = (...sources: [string, number][]): StoredModel =>
    functional([["Dense", "d", { units: 2 }, sources]], ["d", 0], { dense: [zeros(2, 2), zeros(2)] });
  assertRefused(dense(["in", 1]), /Layer "d" reads output 1 of "in", counted from 0, and it has 1/);
  assertRefused(dense(["in", 0], ["in", 0]), /Layer "d" \(Dense\) reads 2 values; a network here is a chain/);
});
