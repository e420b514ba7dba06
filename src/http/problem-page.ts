/** The page on an error, as HTML without any script. */
import { createHash } from "node:crypto";
import { ERRORS, type ErrorCode } from "../errors.js";
import { PROBLEM_TEXTS } from "./problem-texts.js";

const STYLE =
  "body{font:1rem/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem;color-scheme:light dark}h1{font-size:1.5rem}";

/** The page has this style and nothing else from anywhere. */
export const PROBLEM_PAGE_POLICY = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; frame-ancestors 'none'`;

/** `QUEUE_FULL` -> `/problems/queue-full`. */
export function problemPath(code: ErrorCode): string {
  return `/problems/${code.toLowerCase().replaceAll("_", "-")}`;
}

/** `queue-full` -> `QUEUE_FULL`; undefined where there is no such error. */
export function problemCode(name: string): ErrorCode | undefined {
  return (Object.keys(ERRORS) as ErrorCode[]).find((code) => problemPath(code) === `/problems/${name}`);
}

export function problemPage(code: ErrorCode): string {
  const { status, title } = ERRORS[code];
  const { meaning, causes, remedy } = PROBLEM_TEXTS[code];
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)} (${code})</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p><code>${code}</code>, status ${status}</p>
<h2>What it means</h2>
<p>${escapeHtml(meaning)}</p>
<h2>Why it happens</h2>
<ul>
${causes.map((cause) => `<li>${escapeHtml(cause)}</li>`).join("\n")}
</ul>
<h2>What to do</h2>
<p>${escapeHtml(remedy)}</p>
<p>The answer itself says what was wrong in this case: in <code>detail</code>, and place by place in <code>errors</code>.</p>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
