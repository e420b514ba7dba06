/** A message to the webhook as a sentence, for whoever reads the output. */
import type { Message } from "./watch-state.js";

interface ToldEvent {
  readonly id: string;
  readonly state: string;
  readonly start: string;
  readonly end: string;
  readonly score: number;
}

const WHAT_HAPPENED: Readonly<Record<string, string>> = {
  began: "has begun",
  ended: "has ended",
  withdrawn: "was none",
};

/** One sentence. */
export function sentenceOf({ body }: Message): string {
  const event = body["event"] as ToldEvent | null;
  if (event !== null) {
    const { id, state, start, end, score } = event;
    return `Event ${id} ${WHAT_HAPPENED[state]}: ${start} to ${end}, score ${score}.`;
  }
  const { since } = body["drift"] as { since: string | null };
  const when = since === null ? "" : ` since ${since}`;
  return `The normal level has moved${when}: verdicts can't be trusted; renew the model.`;
}
