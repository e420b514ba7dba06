/** A heat map of residuals, features by time, as SVG text with an image in it. */
import { HEAT_STEPS, heatScale, LIGHT } from "../charts/colours.js";
import { escapeText } from "./html.js";
import { COLUMNS, LEFT, PICTURE_WIDTH } from "./line-picture.js";
import { encodePng } from "./png.js";

export interface Heat {
  readonly features: readonly string[];
  readonly columns: number;
  /** [features, columns]: the largest error of each column; NaN where there is none. */
  readonly errors: Float64Array;
}

const LONGEST_NAME = 13;

/** @returns an `svg` element. Colours grow with the root of the error, so that small ones are seen beside a large one. */
export function drawHeat({ features, columns, errors }: Heat): string {
  const rowHeight = Math.max(4, Math.min(22, 420 / features.length));
  const height = Math.ceil(rowHeight * features.length);
  let most = 0;
  for (const error of errors) if (error > most) most = error;
  const pixels = Uint8Array.from(errors, (error) =>
    error > 0 ? Math.round(Math.sqrt(error / most) * (HEAT_STEPS - 1)) : 0,
  );
  const palette = new Uint8Array(HEAT_STEPS * 3);
  heatScale(LIGHT).forEach((colour, step) => {
    palette.set([colour & 255, (colour >>> 8) & 255, (colour >>> 16) & 255], 3 * step);
  });
  const png = encodePng(pixels, { width: columns, height: features.length, palette }).toString("base64");
  // Every so many features are named, so that names do not run into each other.
  const step = Math.ceil(12 / rowHeight);
  const names = features.map((name, index) =>
    index % step === 0
      ? `<text x="${LEFT - 8}" y="${((index + 0.5) * rowHeight).toFixed(1)}" dy="4" text-anchor="end">${escapeText(shorten(name))}<title>${escapeText(name)}</title></text>`
      : "",
  );
  return `<svg viewBox="0 0 ${PICTURE_WIDTH} ${height}" role="img" aria-label="Errors by feature and time">${names.join("")}<image x="${LEFT}" y="0" width="${COLUMNS}" height="${height}" preserveAspectRatio="none" style="image-rendering: pixelated" href="data:image/png;base64,${png}"/></svg>`;
}

function shorten(name: string): string {
  const characters = [...name];
  return characters.length <= LONGEST_NAME ? name : `${characters.slice(0, LONGEST_NAME - 1).join("")}…`;
}
