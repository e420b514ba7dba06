/** Tables of options as options of commands. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { type OptionTable, wholeNumber } from "../data/option-values.js";
import { InputError } from "../errors.js";
import { UsageError } from "./usage-error.js";

/** Adds every option of a table to a command, under its key in kebab case. */
export function addOptions(command: Command, table: OptionTable): Command {
  for (const [key, entry] of Object.entries(table)) {
    const name = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (!("parse" in entry)) {
      command.addOption(new Option(`--${name}`, entry.help));
      if (entry.oppositeHelp !== undefined) command.addOption(new Option(`--no-${name}`, entry.oppositeHelp));
      continue;
    }
    const option = new Option(`--${name} <${entry.argument}>`, entry.help);
    if (entry.choices !== undefined) option.choices(entry.choices);
    if (entry.default !== undefined) option.default(entry.default);
    command.addOption(option.argParser(argument(entry.parse)));
  }
  return command;
}

/** A parser as commander takes it: where it throws InputError, commander prints the sentence with the option's name. */
export function argument<Value>(parse: (text: string) => Value): (text: string) => Value {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw error instanceof InputError ? new InvalidArgumentError(error.message) : error;
    }
  };
}

const MODELS_OPTION = [
  "--models <folder>",
  "folder of models, or s3://bucket/prefix (default: RESIDUA_MODELS, or models)",
] as const;

/** Adds the option for the store of models. */
export function addModelsOption(command: Command): Command {
  return command.option(...MODELS_OPTION);
}

/** Adds the option for a page with pictures. */
export function addReportOption(command: Command, content: string): Command {
  return command.option("--report <file>", `writes a page with pictures, one HTML file: ${content}`);
}

/** Adds the option for the version of a published model. */
export function addVersionOption(command: Command, help: string): Command {
  return command.option("--version <number>", help, argument(wholeNumber(1)));
}

/** Runs what checks options; an InputError of it becomes a UsageError. */
export function checkUsage<Value>(check: () => Value): Value {
  try {
    return check();
  } catch (error) {
    throw error instanceof InputError ? new UsageError(error.message) : error;
  }
}
