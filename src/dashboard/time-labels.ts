/** Labels of a time axis, in UTC: the time, and the date where it is another than that of the label before. */

const DAY_SECONDS = 86_400;

/** @param splits seconds since 1970, increasing. @param step seconds between two of them. */
export function timeLabels(splits: readonly number[], step: number): string[] {
  let dateBefore = "";
  return splits.map((seconds) => {
    const text = new Date(seconds * 1000).toISOString();
    const date = text.slice(0, 10);
    const isNew = date !== dateBefore;
    dateBefore = date;
    if (step >= 360 * DAY_SECONDS) return text.slice(0, 4);
    if (step >= DAY_SECONDS) return date;
    const time = step < 1 ? text.slice(11, 23) : text.slice(11, step < 60 ? 19 : 16);
    return isNew ? `${time}\n${date}` : time;
  });
}
