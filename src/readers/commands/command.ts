import type { Host } from "../../model/host.ts";
import type { Origin, OriginTable } from "../../model/origin.ts";
import type { Word } from "../iptables/words.ts";

/** What a command that somebody types on a machine works with. */
export interface CommandContext {
  readonly origins: OriginTable;
  /** Of the command: its line in a scenario. */
  readonly origin: Origin;
  /** The text of a file that the command names; null when there is none. */
  file(path: string): string | null;
}

/** What a command makes of a machine, or why it was refused. */
export type CommandResult =
  | {
      readonly host: Host;
      /** What packets left behind is forgotten: tracked connections. */
      readonly flushes?: "conntrack";
    }
  | { readonly problem: string; readonly expected?: string; readonly column?: number };

/** One program: what its arguments do to a machine. */
export type Command = (words: readonly Word[], host: Host, context: CommandContext) => CommandResult;
