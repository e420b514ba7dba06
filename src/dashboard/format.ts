/** Numbers, times and shares as people read them. */

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export function formatCount(value: number): string {
  return WHOLE.format(value);
}

/** Four significant digits; powers of ten for the very large and small. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e7 || size < 1e-4) return value.toExponential(2).replace("e+", "e");
  const digits = Math.max(0, Math.min(6, 3 - Math.floor(Math.log10(size))));
  return new Intl.NumberFormat("en", { maximumFractionDigits: digits }).format(value);
}

export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 0.01) return "< 0.01 %";
  return `${percent.toPrecision(percent >= 99.5 ? 3 : 2).replace(/\.0+$/, "")} %`;
}

/** In UTC, to the second. @param withDate the time alone otherwise. */
export function formatTime(ms: number, withDate = true): string {
  const text = new Date(ms).toISOString();
  const time = text.slice(11, 19).replace(/:00$/, "");
  return withDate ? `${text.slice(0, 10)} ${time}` : time;
}

export function formatDuration(ms: number): string {
  const minutes = ms / 60_000;
  if (ms < 1000) return `${formatNumber(ms)} ms`;
  if (minutes < 1) return `${formatNumber(ms / 1000)} s`;
  if (minutes < 90) return `${formatNumber(Math.round(minutes * 10) / 10)} min`;
  if (minutes < 48 * 60) return `${formatNumber(Math.round(minutes / 6) / 10)} h`;
  return `${formatNumber(Math.round(minutes / 144) / 10)} days`;
}

export function formatSeconds(seconds: number | undefined): string {
  return seconds === undefined ? "–" : formatDuration(seconds * 1000);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
