import type { Host } from "../../model/host.ts";
import { finished } from "../facts/finished-host.ts";
import { draftOf, type FactContext } from "../facts/host-draft.ts";
import type { ApplyFact } from "../facts/network-facts.ts";
import type { CommandContext, CommandResult } from "./command.ts";

/** A command that makes true what a fact would tell. What stood there before is replaced. */
export function makeTrue(fact: ApplyFact, words: string, host: Host, context: CommandContext): CommandResult {
  let problem: Exclude<CommandResult, { readonly host: Host }> | null = null;
  const draft = draftOf(host);
  const refuse: FactContext["refuse"] = (column, message, expected) => {
    problem ??= { problem: message, ...(expected === undefined ? {} : { expected }), column };
  };
  fact(words, draft, host, {
    origins: context.origins,
    origin: context.origin,
    file: "",
    refuse,
    contradicts: () => {},
    understood: (found) => {
      const wrong = found.find(({ severity }) => severity !== "info");
      if (wrong !== undefined) refuse(wrong.column ?? 1, wrong.message, wrong.expected);
      return wrong === undefined;
    },
  });
  return problem ?? { host: finished(host, draft) };
}
