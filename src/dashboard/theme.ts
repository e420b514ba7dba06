/** Light or dark: as the system has it, until the person chooses. */
import { DARK, LIGHT, type Theme } from "../charts/colours.js";

const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();
let chosen: "light" | "dark" | undefined;

function isDark(): boolean {
  return chosen === undefined ? system.matches : chosen === "dark";
}

/** The colours of charts. */
export function currentTheme(): Theme {
  return isDark() ? DARK : LIGHT;
}

/** Calls `listener` when the theme changes, until `signal` is aborted. */
export function onThemeChange(listener: () => void, signal: AbortSignal): void {
  listeners.add(listener);
  signal.addEventListener("abort", () => listeners.delete(listener));
}

export function connectThemeButton(element: HTMLElement): void {
  const apply = (): void => {
    document.documentElement.dataset["theme"] = isDark() ? "dark" : "light";
    element.setAttribute("aria-pressed", String(isDark()));
    for (const listener of [...listeners]) listener();
  };
  system.addEventListener("change", apply);
  element.addEventListener("click", () => {
    chosen = isDark() ? "light" : "dark";
    apply();
  });
  apply();
}
