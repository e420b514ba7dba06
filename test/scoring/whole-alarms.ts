/** Alarms of scores that are all there. */
import { HighScores } from "../../src/scoring/alarm-count.js";
import { AlarmDetector, type AlarmEvent, type AlarmRule } from "../../src/scoring/alarms.js";

/**
 * What a detector finds in them.
 *
 * @param scores [rows]; NaN where there is none.
 * @returns in order of time, the one still under way at the end too.
 */
export function findAlarms(scores: Float64Array, rule: AlarmRule): AlarmEvent[] {
  const detector = new AlarmDetector(rule);
  const events: AlarmEvent[] = [];
  for (const score of scores) {
    const event = detector.push(score);
    if (event !== undefined) events.push(event);
  }
  const last = detector.stop();
  return last === undefined ? events : [...events, last];
}

/** How many events a rule finds, without a detector. @param parts as `HighScores` takes them. */
export function countAlarms(parts: readonly Float64Array[], rule: AlarmRule): number {
  return new HighScores(parts, rule.endValue).count(rule);
}
