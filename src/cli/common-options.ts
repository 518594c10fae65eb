import { type Command, InvalidArgumentError, Option } from "commander";

/** INTERFACES section 1: what every command understands. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly output?: string;
  readonly quiet?: boolean;
  readonly color: "auto" | "always" | "never";
  readonly strict?: boolean;
  readonly strictInput?: boolean;
  /** Megabytes that an archive may unpack to. */
  readonly unpackLimit?: number;
  /** `<file>=<machine>`, for dumps of which nothing says whose they are. */
  readonly host?: readonly string[];
}

export function addCommonOptions(command: Command): Command {
  return addOutputOptions(command.option("--json", "print the result as JSON"))
    .option("--strict", "every assumption that matters becomes an unknown")
    .option("--strict-input", "any finding about the input is an error")
    .option("--host <file=machine>", "which machine a loose dump is from (repeatable)", collect, [])
    .addOption(
      new Option("--unpack-limit <MB>", "how much an archive may unpack to (default 1024)").argParser(
        wholeNumber(1, 1_000_000),
      ),
    );
}

/** Of the common options those of a command that prints a text of its own. */
function addOutputOptions(command: Command): Command {
  return command
    .option("-o, --output <file>", "write the result to a file")
    .option("-q, --quiet", "print the result only, no remarks")
    .addOption(new Option("--color <when>", "colour the result").choices(["auto", "always", "never"]).default("auto"));
}

/** For a command that reads nothing: the options about input are understood, change nothing and are not listed. */
export function addTextOptions(command: Command): Command {
  return addOutputOptions(command)
    .addOption(new Option("--strict").hideHelp())
    .addOption(new Option("--strict-input").hideHelp());
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  if (!/^[^=]+=[^=]+$/.test(value)) throw new InvalidArgumentError("Expected <file>=<machine>.");
  return [...earlier, value];
}

/** A parser of whole numbers for options. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

/** One of these words, in capitals or not. */
export function oneOf(words: readonly string[]): (text: string) => string {
  return (text) => {
    const found = words.find((word) => word.toLowerCase() === text.toLowerCase());
    if (found === undefined) throw new InvalidArgumentError(`Allowed choices are ${words.join(", ")}.`);
    return found;
  };
}
