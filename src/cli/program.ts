/** The command line: its commands, and how their errors are printed. */
import { Command, CommanderError } from "commander";
import { InputError, ResiduaError } from "../errors.js";
import { addEvaluateCommand } from "./evaluate-command.js";
import { addImportCommand } from "./import-command.js";
import { addInspectCommand } from "./inspect-command.js";
import { addModelsCommand } from "./models-command.js";
import { addRenewCommand } from "./renew-command.js";
import { addScoreCommand } from "./score-command.js";
import { addTrainCommand } from "./train-command.js";
import { UsageError } from "./usage-error.js";
import { addWatchCommand } from "./watch-command.js";
import { addWorkerCommand } from "./worker-command.js";

const DONE = 0;
const FAILED = 1;
const WRONG_USAGE = 2;

/** Runs one command. @returns the exit status: 0 done, 1 failed, 2 wrong usage. */
export async function runProgram(args: readonly string[]): Promise<number> {
  process.stdout.once("error", endOnClosedPipe);
  try {
    await createProgram().parseAsync(args, { from: "user" });
    return DONE;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : WRONG_USAGE;
    process.stderr.write(`${describeError(error)}\n`);
    return error instanceof UsageError ? WRONG_USAGE : FAILED;
  }
}

function createProgram(): Command {
  const program = new Command("residua")
    .description("Scores time series for anomalies with LSTM autoencoders.")
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({
      writeErr: (text) => process.stderr.write(text),
      outputError: (text, write) => write(`${toSentence(text)}\n`),
    });
  // A command copies the settings of the program when it is added, so they are set before.
  addTrainCommand(program);
  addRenewCommand(program);
  addInspectCommand(program);
  addImportCommand(program);
  addScoreCommand(program);
  addEvaluateCommand(program);
  addModelsCommand(program);
  addWatchCommand(program);
  addWorkerCommand(program);
  return program;
}

/** Makes a sentence of commander's "error: unknown option '--x'". */
function toSentence(text: string): string {
  const plain = text
    .replace(/^error: /, "")
    .replaceAll("\n", " ")
    .trim();
  const sentence = plain.charAt(0).toUpperCase() + plain.slice(1);
  return /[.?!)]$/.test(sentence) ? sentence : `${sentence}.`;
}

function describeError(error: unknown): string {
  if (error instanceof InputError || error instanceof UsageError || error instanceof ResiduaError)
    return error.message;
  if (!(error instanceof Error)) return String(error);
  // An error of the operating system (no space, no permission) is printed in its words; any other is a bug of ours.
  return "code" in error && "syscall" in error ? `${error.message}.` : (error.stack ?? error.message);
}

/** `residua score ... | head` closes the pipe early. Nobody reads further output, so the program ends. */
function endOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit(DONE);
}
