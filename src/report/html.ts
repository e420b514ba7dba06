/** The parts of a page that is one file: no script, no request, and no text of the data that is not escaped. */
import { LIGHT } from "../charts/colours.js";

/** Text that may stand in HTML, also in an attribute. Other control characters than line breaks become a replacement. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"']|(?![\t\n\r])\p{Cc}/gu, (character) => ESCAPES[character] ?? "\ufffd");
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const STYLE = `
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #f6f7f9; color: ${LIGHT.text}; font: 15px/1.55 system-ui, sans-serif; }
main { max-width: 1200px; margin: 0 auto; padding: 40px 16px 64px; }
h1 { margin: 0 0 4px; font-size: 26px; font-weight: 650; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { margin: 0 0 2px; font-size: 17px; font-weight: 650; overflow-wrap: anywhere; }
h3 { margin: 22px 0 4px; font-size: 13px; font-weight: 600; color: ${LIGHT.quietText}; }
p { margin: 0; max-width: 76ch; color: ${LIGHT.quietText}; overflow-wrap: anywhere; }
section { margin-top: 20px; padding: 24px 28px; overflow-x: auto; background: #fff; border: 1px solid #e5e8ec; border-radius: 10px; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(135px, 1fr)); gap: 16px 28px; margin: 22px 0 0; }
dt { font-size: 12.5px; color: ${LIGHT.quietText}; }
dd { margin: 0; font-size: 18px; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { width: 100%; margin-top: 8px; border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 10px 6px 0; text-align: left; vertical-align: top; border-bottom: 1px solid #eceff2; }
th { font-weight: 500; color: ${LIGHT.quietText}; white-space: nowrap; }
td:first-child { white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
.number { text-align: right; white-space: nowrap; }
pre { margin: 8px 0 0; overflow-x: auto; font: 12.5px/1.5 ui-monospace, monospace; }
svg { display: block; width: 100%; min-width: 720px; height: auto; margin-top: 4px; }
svg text { font: 11px system-ui, sans-serif; fill: ${LIGHT.quietText}; font-variant-numeric: tabular-nums; }
.grid { stroke: ${LIGHT.grid}; }
.line { fill: none; stroke-width: 0.9; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
.event { fill: ${LIGHT.event}; }
.label { fill: ${LIGHT.otherScore}; }
.threshold { stroke: ${LIGHT.threshold}; stroke-width: 1.2; stroke-dasharray: 5 4; }
svg text.threshold-name { fill: ${LIGHT.threshold}; }
.key { display: inline-block; width: 12px; height: 12px; margin: 0 5px -1px 12px; border-radius: 3px; }
footer { margin-top: 28px; font-size: 12.5px; color: ${LIGHT.quietText}; }
@media print { body { background: #fff; } section { break-inside: avoid; } }
`;

/** A whole page. @param body HTML whose text is escaped. */
export function writePage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${escapeText(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;
}

/** A section of the page. @param body HTML whose text is escaped. */
export function writeSection(title: string, text: string, body: string): string {
  const said = text === "" ? "" : `<p>${escapeText(text)}</p>\n`;
  return `<section>\n<h2>${escapeText(title)}</h2>\n${said}${body}\n</section>\n`;
}

/** Figures with their names, large. */
export function writeFigures(figures: readonly (readonly [name: string, value: string])[]): string {
  const items = figures.map(
    ([name, value]) => `<div><dt>${escapeText(name)}</dt><dd>${escapeText(value)}</dd></div>`,
  );
  return `<dl>${items.join("")}</dl>`;
}

/** A table; columns of numbers are aligned to the right. */
export function writeTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  numeric: readonly number[] = [],
): string {
  const cells = (name: "th" | "td", row: readonly string[]) =>
    row
      .map((cell, column) => {
        const kind = numeric.includes(column) ? ' class="number"' : "";
        return `<${name}${kind}>${escapeText(cell)}</${name}>`;
      })
      .join("");
  const lines = rows.map((row) => `<tr>${cells("td", row)}</tr>`);
  return `<div class="wide"><table><thead><tr>${cells("th", titles)}</tr></thead>
<tbody>${lines.join("\n")}</tbody></table></div>`;
}
