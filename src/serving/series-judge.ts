/** Which threshold, and which rule for events, apply to a series. */
import { InputError, ResiduaError } from "../errors.js";
import { alarmRuleFor, endValueFor } from "../scoring/alarm-choice.js";
import type { AlarmRule } from "../scoring/alarms.js";
import type { DriftReference } from "../scoring/drift-reference.js";
import { eventsPerRow, type FalseAlarms, parseFalseAlarms } from "../scoring/false-alarms.js";
import { ruleOfRuns, type ScorerBehaviour } from "../scoring/normal-behaviour.js";
import type { ScorerName } from "../scoring/scorers/scorers.js";
import type { CalibrationSample } from "../scoring/thresholds.js";
import type { ScorableModel, SeriesThreshold } from "./score-result.js";
import { chooseJudge, type Judge, type RequestedThreshold } from "./verdict.js";

/** What a series is judged by. */
export interface SeriesJudge {
  /** What its windows are judged by. */
  readonly windows: Judge;
  readonly threshold: SeriesThreshold | null;
  readonly sample: CalibrationSample | undefined;
  /** Undefined without a threshold; without a limit where the model does not know how normal scores make events. */
  readonly events: { readonly alarm: AlarmRule; readonly errorLimit: number | undefined } | undefined;
  readonly drift: DriftReference | undefined;
}

/**
 * The scorer and threshold of a series; where the request asks for none, those of the model.
 *
 * @throws ResiduaError UNSUPPORTED_BY_MODEL, with what there is, for a scorer, a false-alarm rate or false alarms that
 *   the model does not have; INVALID_REQUEST for false alarms that say none at all.
 */
export function chooseSeriesJudge(
  model: ScorableModel,
  scorerAsked: ScorerName | undefined,
  asked: RequestedThreshold | undefined,
): SeriesJudge {
  const askedAlarms = asked !== undefined && "falseAlarms" in asked ? asked.falseAlarms : undefined;
  const windows = chooseJudge(model, scorerAsked, askedAlarms === undefined ? asked : undefined);
  const { scorer } = windows;
  const behaviour = model.behaviour?.scorers[scorer];
  const falseAlarms = askedAlarms ?? (asked === undefined ? model.behaviour?.falseAlarms : undefined);
  const threshold =
    falseAlarms === undefined
      ? thresholdOfTimesteps(windows, behaviour)
      : thresholdForAlarms(model, scorer, falseAlarms, askedAlarms !== undefined);
  return {
    windows,
    threshold,
    sample: windows.calibration?.timesteps,
    events:
      threshold === null
        ? undefined
        : {
            alarm: { threshold: threshold.value, ...threshold.alarm },
            errorLimit: behaviour?.errorLimit,
          },
    drift: behaviour?.drift,
  };
}

function thresholdOfTimesteps(
  { threshold }: Judge,
  behaviour: ScorerBehaviour | undefined,
): SeriesThreshold | null {
  if (threshold === null) return null;
  const { method, scorer, falseAlarmRate, timestepValue: value } = threshold;
  const rule: AlarmRule =
    behaviour === undefined
      ? ruleOfRuns(value)
      : { ...behaviour.alarms, threshold: value, endValue: endValueFor(value, behaviour.alarms.normal) };
  return { value, method, scorer, falseAlarmRate, falseAlarms: null, alarm: alarmOf(rule) };
}

/** @param isAsked whether it is the request that asks; what the model itself has may be missing for a scorer. */
function thresholdForAlarms(
  model: ScorableModel,
  scorer: ScorerName,
  falseAlarms: string,
  isAsked: boolean,
): SeriesThreshold | null {
  const behaviour = model.behaviour?.scorers[scorer];
  if (behaviour === undefined) {
    if (!isAsked) return null;
    const which = model.behaviour === undefined ? "" : ` of the scorer ${scorer}`;
    throw unsupported(
      `${model.name} ${model.version} was published without counts of false alarms${which}; send a falseAlarmRate or a value, or train it again.`,
    );
  }
  const perRow = inRequest(() => eventsPerRow(parse(falseAlarms), model.behaviour?.stepMs));
  const rule = inRequest(() => alarmRuleFor(behaviour.alarms, perRow));
  return {
    value: rule.threshold,
    method: "falseAlarms",
    scorer,
    falseAlarmRate: null,
    falseAlarms,
    alarm: alarmOf(rule),
  };
}

function parse(text: string): FalseAlarms {
  try {
    return parseFalseAlarms(text);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const violations = [{ path: PATH, message: "must be a number above 0 and a unit, as in 1/week" }];
    throw new ResiduaError("INVALID_REQUEST", error.message, { violations });
  }
}

const PATH = "/threshold/falseAlarms";

/** Says where in the request it is that the model cannot follow. */
function inRequest<T>(get: () => T): T {
  try {
    return get();
  } catch (error) {
    if (!(error instanceof ResiduaError) || error.violations.length > 0) throw error;
    throw unsupported(error.message);
  }
}

function unsupported(message: string): ResiduaError {
  return new ResiduaError("UNSUPPORTED_BY_MODEL", message, {
    violations: [{ path: PATH, message: "cannot be kept by this model" }],
  });
}

function alarmOf({ k, n, endValue }: AlarmRule): SeriesThreshold["alarm"] {
  return { k, n, endValue };
}
