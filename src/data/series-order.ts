/** Sentences on the order of rows: what was found, and what was done with it. */
import type { DataFile } from "./data-file.js";
import type { OrderedSeries } from "./series.js";

/** Sentences on duplicates, disorder and clock changes, by file. */
export function describeOrder(files: readonly DataFile[], ordered: readonly OrderedSeries[]): string[] {
  return files.flatMap((file, index) =>
    describeFile(
      file,
      ordered.filter(({ series }) => series.fileIndex === index),
    ),
  );
}

function describeFile(file: DataFile, ordered: readonly OrderedSeries[]): string[] {
  const notes: string[] = [];
  const orders = ordered.flatMap(({ order }) => order ?? []);
  const changes = orders.flatMap(({ clockChanges }) => clockChanges);
  const backs = orders.reduce(
    (sum, { backs, clockChanges }) => sum + (clockChanges.length > 0 ? 0 : backs),
    0,
  );
  const duplicates = orders.reduce((sum, order) => sum + order.duplicates, 0);
  if (changes.length > 0) {
    const row = changes[0]!;
    const when = new Date(file.time!.ms[row - 1] ?? 0).toISOString().slice(0, 16).replace("T", " ");
    notes.push(
      `${file.file}: a local clock was set back by an hour ${times(changes.length)} (after ${when}, row ${file.firstRow + (file.readRows?.[row] ?? row)}), so ${duplicates} rows have a time that is there twice; rows are kept in the order of the file (--time-zone, such as Europe/Berlin, tells the two hours apart).`,
    );
  } else {
    if (orders.some(({ isDescending }) => isDescending)) {
      notes.push(`${file.file}: the newest rows come first; rows are taken in order of time.`);
    } else if (backs > 0) {
      notes.push(`${file.file}: the time goes back ${times(backs)}; rows are taken in order of time.`);
    }
    if (duplicates > 0) {
      const rows = orders.reduce((sum, { rows }) => sum + rows.length, 0);
      const every = duplicates * 2 === rows ? "every row stands there twice" : undefined;
      notes.push(
        `${file.file}: ${duplicates} of ${rows} rows have the time of the row before${every === undefined ? "" : ` (${every})`}; all are kept, in the order of the file.`,
      );
    }
  }
  return notes;
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}
