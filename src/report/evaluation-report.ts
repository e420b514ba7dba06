/** The report on an evaluation: its tables, and the test rows as the model scored them. */
import { compareSummaries, tabulate } from "../evaluation/report.js";
import {
  type DetectorSummary,
  type FileEvaluation,
  poolFiles,
  summariseRuns,
} from "../evaluation/summary.js";
import { escapeText, writePage, writeSection, writeTable } from "./html.js";
import type { SeriesLook } from "./series-look.js";
import { count, writeSeries } from "./series-section.js";

const TERMS =
  "AUROC, AP and VUS-PR: how well scores tell anomalous from normal rows, 1 at best. flagged: the share of normal rows above the threshold; flagged next: of those directly after the rows learnt from. delay: the median, in rows. Rows that were not tested on have no score below.";

/**
 * The page that `evaluate --report` writes.
 * @param title the name of the model in the tables.
 */
export function writeEvaluationReport(
  title: string,
  files: readonly FileEvaluation[],
  looks: readonly SeriesLook[],
): string {
  const heading = `Evaluation of ${title}`;
  const sections = files.map(({ file, countedRows, anomalousRows, runs }) =>
    writeSummaries(
      file,
      `${count(countedRows, "row")} to test on, ${anomalousRows.toLocaleString("en")} of them anomalous.`,
      summariseRuns(runs),
      title,
    ),
  );
  if (files.length > 1) {
    const text = "Means over files; events and rows of F1 are added up.";
    sections.unshift(
      writeSummaries(`All ${files.length} files`, text, summariseRuns(poolFiles(files)), title),
    );
  }
  for (const look of looks) sections.push(writeSeries(look, undefined));
  const body = `<h1>${escapeText(heading)}</h1>\n<p>${TERMS}</p>\n${sections.join("\n")}`;
  return writePage(heading, body);
}

function writeSummaries(
  name: string,
  text: string,
  summaries: readonly DetectorSummary[],
  title: string,
): string {
  const [titles, ...rows] = tabulate(summaries, title);
  const numeric = titles!.map((_, column) => column).slice(1);
  const said = compareSummaries(summaries).map((sentence) => `<p>${escapeText(sentence)}</p>`);
  return writeSection(name, text, [writeTable(titles!, rows, numeric), ...said].join("\n"));
}
