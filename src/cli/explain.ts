import { CODES, type DeclaredCode } from "../model/codes/codes.ts";
import { didYouMean } from "../model/nearest.ts";
import { codeJson, codeListText, codeText } from "../report/code-text.ts";
import type { CommonOptions } from "./common-options.ts";
import { DONE, type ExitCode } from "./exit-code.ts";
import { InputError } from "./input-error.ts";
import type { Io } from "./io.ts";
import { openOutput } from "./output.ts";

/** `podpath explain`: what the codes in brackets mean. Without an argument it lists them. */
export function explain(argument: string | undefined, options: CommonOptions, io: Io): ExitCode {
  const page = argument === undefined ? null : find(argument);
  const output = openOutput(io, options);
  try {
    if (page === null) {
      const pages = [...CODES.values()];
      output.result(
        options.json === true ? `${JSON.stringify(pages.map(codeJson), null, 2)}\n` : codeListText(pages, output.ink),
      );
    } else {
      output.result(
        options.json === true ? `${JSON.stringify(codeJson(page), null, 2)}\n` : codeText(page, output.ink),
      );
    }
  } finally {
    output.close();
  }
  return DONE;
}

/** The code, also when it was copied with its brackets. */
function find(argument: string): DeclaredCode {
  const name = argument.replace(/^\[|\]$/g, "");
  const page = CODES.get(name);
  if (page !== undefined) return page;
  throw new InputError([
    {
      code: "unknown-code",
      severity: "error",
      message: `there is no code ${name}`,
      advice: didYouMean(name, [...CODES.keys()]) ?? "podpath explain lists all codes.",
    },
  ]);
}
