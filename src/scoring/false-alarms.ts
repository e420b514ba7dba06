/** How often a person is willing to be called for nothing: "1/week", "0.5/day", "2/1000rows". */
import { InputError, ResiduaError } from "../errors.js";

/** "1000rows" counts timesteps; the others need the time between two of them. A month is a twelfth of 365.25 days. */
const UNIT_MS = {
  hour: 3_600_000,
  day: 86_400_000,
  week: 7 * 86_400_000,
  month: (365.25 / 12) * 86_400_000,
  "1000rows": undefined,
} as const;

export type FalseAlarmUnit = keyof typeof UNIT_MS;

/** So many events are wrongly called in one unit, on the average. */
export interface FalseAlarms {
  readonly events: number;
  readonly per: FalseAlarmUnit;
}

export const FALSE_ALARMS_PATTERN = "^[0-9]+(\\.[0-9]+)?/(hour|day|week|month|1000rows)$";

/** @throws InputError where the text is not of that form, or says none at all. */
export function parseFalseAlarms(text: string): FalseAlarms {
  if (!new RegExp(FALSE_ALARMS_PATTERN).test(text)) {
    throw new InputError(
      `False alarms are a number and a unit, as in 1/week or 0.5/day (hour, day, week, month or 1000rows), not ${JSON.stringify(text)}.`,
    );
  }
  const [events = "", per = ""] = text.split("/");
  if (!(Number(events) > 0) || !Number.isFinite(Number(events))) {
    throw new InputError(
      `False alarms have to be above 0, as in 0.1/month, not ${text}: no threshold rules them out.`,
    );
  }
  return { events: Number(events), per: per as FalseAlarmUnit };
}

/**
 * Timesteps in one unit.
 *
 * @param stepMs the time between two timesteps; undefined where it is not known.
 * @throws ResiduaError UNSUPPORTED_BY_MODEL for a unit of time without a step.
 */
export function rowsPerUnit(per: FalseAlarmUnit, stepMs: number | undefined): number {
  const unitMs = UNIT_MS[per];
  if (unitMs === undefined) return 1000;
  if (stepMs === undefined) {
    throw new ResiduaError(
      "UNSUPPORTED_BY_MODEL",
      `The model does not know how much time lies between two rows, so it cannot count events per ${per}; ask for events per 1000rows.`,
    );
  }
  return unitMs / stepMs;
}

/** Events a timestep; see `rowsPerUnit`. */
export function eventsPerRow({ events, per }: FalseAlarms, stepMs: number | undefined): number {
  return events / rowsPerUnit(per, stepMs);
}
