/** uPlot, loaded when the first chart is drawn: its minified build sets one global, so it comes by a script element. */
import type uPlot from "uplot";

export type UPlot = typeof uPlot;
export type { uPlot };

const SOURCE = "/page/dashboard/uPlot.iife.min.js";
let loading: Promise<UPlot> | undefined;

export function loadUplot(): Promise<UPlot> {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = SOURCE;
    script.addEventListener("load", () => resolve((globalThis as unknown as { uPlot: UPlot }).uPlot));
    script.addEventListener("error", () => reject(new Error("The chart library could not be loaded.")));
    document.head.append(script);
  });
  return loading;
}
