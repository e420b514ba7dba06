/** The colours of pictures, in two themes. They can be told apart by people who are colour-blind (Okabe & Ito 2008). */

export interface Theme {
  readonly background: string;
  readonly text: string;
  readonly quietText: string;
  readonly grid: string;
  readonly reading: string;
  readonly reconstruction: string;
  readonly score: string;
  /** The score of a second version. */
  readonly otherScore: string;
  readonly threshold: string;
  /** Bands of events. */
  readonly event: string;
  /** From no error to the largest: red, green and blue, 0 to 255. */
  readonly heat: readonly (readonly [number, number, number])[];
}

export const LIGHT: Theme = {
  background: "#ffffff",
  text: "#1c2430",
  quietText: "#5a6675",
  grid: "#e8ebef",
  reading: "#2b3441",
  reconstruction: "#0072b2",
  score: "#5b4b9a",
  otherScore: "#00795a",
  threshold: "#c4420a",
  event: "rgba(213, 94, 0, 0.14)",
  heat: [
    [247, 246, 243],
    [253, 219, 168],
    [244, 148, 72],
    [201, 62, 18],
    [92, 12, 8],
  ],
};

export const DARK: Theme = {
  background: "#161b22",
  text: "#e7ebf0",
  quietText: "#9aa7b6",
  grid: "#262e38",
  reading: "#d3dae3",
  reconstruction: "#56b4e9",
  score: "#b3a4f2",
  otherScore: "#2fc79a",
  threshold: "#ff8b4d",
  event: "rgba(255, 139, 77, 0.17)",
  heat: [
    [24, 30, 38],
    [84, 30, 28],
    [176, 58, 20],
    [240, 140, 50],
    [255, 236, 170],
  ],
};

/** Steps of the scale that `heatScale` makes. */
export const HEAT_STEPS = 256;

/** [HEAT_STEPS]: colours of a heat map as canvases store them, 0xAABBGGRR on little-endian machines. */
export function heatScale({ heat }: Theme): Uint32Array {
  return Uint32Array.from({ length: HEAT_STEPS }, (_, step) => {
    const place = (step / (HEAT_STEPS - 1)) * (heat.length - 1);
    const low = Math.min(Math.floor(place), heat.length - 2);
    const [red, green, blue] = heat[low]!.map((from, channel) =>
      Math.round(from + (heat[low + 1]![channel]! - from) * (place - low)),
    );
    return ((255 << 24) | (blue! << 16) | (green! << 8) | red!) >>> 0;
  });
}
