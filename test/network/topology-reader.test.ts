import { test } from "node:test";
import { assertRefused, type DamageCase, type ModelJson } from "./written-model.js";

const layer = (model: ModelJson, name: string) =>
  model.modelTopology.config.layers.find((each) => each.name === name)!;

const cases: readonly DamageCase[] = [
  ["a sequential model", (m) => Object.assign(m.modelTopology, { class_name: "Sequential" }), /"Sequential"/],
  [
    "an unknown layer",
    (m) => Object.assign(layer(m, "encoder_1"), { class_name: "SimpleRNN" }),
    /"encoder_1" is of class "SimpleRNN"/,
  ],
  [
    "a layer inside that is no Dense",
    (m) =>
      Object.assign(layer(m, "prediction_output").config, { layer: { class_name: "Conv1D", config: {} } }),
    /inside "prediction_output" is a "Conv1D"/,
  ],
  [
    "an unknown activation",
    (m) => Object.assign(layer(m, "encoder_1").config, { activation: "selu" }),
    /activation of layer "encoder_1" is "selu"/,
  ],
  [
    "a recurrent activation left to a default",
    (m) => void delete layer(m, "encoder_1").config["recurrent_activation"],
    /recurrent_activation of layer "encoder_1" is missing/,
  ],
  [
    "an LSTM that runs backwards",
    (m) => Object.assign(layer(m, "encoder_1").config, { go_backwards: true }),
    /go_backwards of layer "encoder_1"/,
  ],
  [
    "units that are text",
    (m) => Object.assign(layer(m, "encoder_1").config, { units: "8" }),
    /units of layer "encoder_1" .* not "8"/,
  ],
  [
    "absurd units",
    (m) => Object.assign(layer(m, "encoder_1").config, { units: 1e12 }),
    /units of "encoder_1"/,
  ],
  [
    "an absurd number of steps",
    (m) => Object.assign(layer(m, "prediction_repeat").config, { n: 1e9 }),
    /"prediction_repeat"/,
  ],
  [
    "another input shape",
    (m) => Object.assign(layer(m, "window").config, { batch_input_shape: [null, 6, 4] }),
    /reads \[6, 4\], the manifest says \[6, 3\]/,
  ],
  [
    "a layer that reads itself",
    (m) => Object.assign(layer(m, "encoder_1"), { inbound_nodes: [[["encoder_2", 0, 0, {}]]] }),
    /reads itself/,
  ],
  [
    "a layer that reads two",
    (m) =>
      Object.assign(layer(m, "prediction_output"), {
        inbound_nodes: [
          [
            ["window", 0, 0],
            ["window", 0, 0],
          ],
        ],
      }),
    /"prediction_output" has to read one other layer/,
  ],
  [
    "a recurrent layer that starts from one state of two",
    (m) =>
      Object.assign(layer(m, "prediction_1"), {
        inbound_nodes: [
          [
            ["prediction_repeat", 0, 0],
            ["encoder_2", 0, 1],
          ],
        ],
      }),
    /"prediction_1" has to start from all states of one layer, in their order/,
  ],
  [
    "a recurrent layer that starts from states in another order",
    (m) =>
      Object.assign(layer(m, "prediction_1"), {
        inbound_nodes: [
          [
            ["prediction_repeat", 0, 0],
            ["encoder_2", 0, 2],
            ["encoder_2", 0, 1],
          ],
        ],
      }),
    /"prediction_1" has to start from all states of one layer, in their order/,
  ],
  [
    "a recurrent layer that starts from a layer without states",
    (m) =>
      Object.assign(layer(m, "prediction_1"), {
        inbound_nodes: [
          [
            ["prediction_repeat", 0, 0],
            ["prediction_repeat", 0, 1],
            ["prediction_repeat", 0, 2],
          ],
        ],
      }),
    /"prediction_1" starts from the state of "prediction_repeat", which is not an earlier recurrent layer/,
  ],
  [
    "a layer that reads nothing there is",
    (m) => Object.assign(layer(m, "encoder_1"), { inbound_nodes: [[["elsewhere", 0, 0, {}]]] }),
    /no layer "elsewhere"/,
  ],
  [
    "a layer that leads nowhere",
    (m) => void m.modelTopology.config.layers.push({ ...layer(m, "encoder_1"), name: "stray" }),
    /"stray" leads to no output/,
  ],
  [
    "two layers of one name",
    (m) => void m.modelTopology.config.layers.push(layer(m, "encoder_1")),
    /Two layers are named "encoder_1"/,
  ],
  [
    "a head that does not read the embedding",
    (m) => Object.assign(layer(m, "prediction_repeat"), { inbound_nodes: [[["encoder_1", 0, 0, {}]]] }),
    /"prediction" does not read the embedding layer "encoder_2"/,
  ],
  ["too few outputs", (m) => void m.modelTopology.config.output_layers.pop(), /leads to no output/],
  [
    "outputs in another order",
    (m) => void m.modelTopology.config.output_layers.reverse(),
    /Head "reconstruction" gives \[5, 3\], not \[6, 3\]/,
  ],
  [
    "ten thousand layers",
    (m) => void m.modelTopology.config.layers.push(...Array(10_000).fill(layer(m, "encoder_1"))),
    /the most is 1000/,
  ],
];
for (const refused of cases) {
  test(`refuses ${refused[0]}`, () => assertRefused(refused));
}
