import { groupBranches } from "../report/branch-groups.ts";
import { decisiveUnknowns } from "../report/decisive-unknowns.ts";
import { nextLines } from "../report/next-text.ts";
import { streamedAnswer } from "../report/trace-json.ts";
import { tracePcap } from "../report/trace-pcap.ts";
import { traceText } from "../report/trace-text.ts";
import { nextCommand } from "../trace/next-command.ts";
import type { Answer } from "../trace/result.ts";
import { ask, checkArguments } from "./ask.ts";
import { answerCode, DONE, type ExitCode } from "./exit-code.ts";
import { loadNetwork } from "./input.ts";
import type { Io } from "./io.ts";
import { openOutput, writeOutput } from "./output.ts";
import type { TraceOptions } from "./probe-options.ts";
import { remarkOn } from "./remarks.ts";
import { VERSION } from "./version.ts";

/** Hosts to which packets came that did not all arrive. */
function hostsOfLoss(answer: Answer): ReadonlySet<string> {
  if (answerCode(answer) === DONE) return new Set();
  return new Set(answer.branches.flatMap(({ run }) => [...run.steps.values()].flat().map(({ host }) => host)));
}

/** `podpath trace`: one probe, hop by hop. */
export async function trace(argument: string | undefined, options: TraceOptions, io: Io): Promise<ExitCode> {
  checkArguments(options);
  const loaded = await loadNetwork(argument, io, { ...options, open: true });
  const asked = ask(loaded, options);
  const { answer } = asked;
  const output = openOutput(io, options);
  try {
    remarkOn(loaded, argument, output);
    if (options.pcap !== undefined) {
      writeOutput(options.pcap, "--pcap", tracePcap(answer, `podpath ${VERSION}`, loaded.collectedAt));
    }
    const decisive = decisiveUnknowns(answer, groupBranches(answer, false));
    const next = nextCommand(answer, decisive, asked.doubting);
    if (options.json === true) await output.json({ ...streamedAnswer(answer, asked.id), next });
    else {
      const text = traceText(asked.asked, answer, { ink: output.ink, verbose: options.verbose ?? false });
      output.result([text, ...nextLines(next, answer.network, output.ink).map((line) => `${line}\n`)].join(""));
    }
    const hosts = hostsOfLoss(answer);
    if (hosts.size > 0) {
      const { lostOtherwise } = await import("./bgp-disagreements.ts");
      output.findings(await lostOtherwise(loaded, hosts, options.bgp ?? "auto"), false);
    }
  } finally {
    output.close();
  }
  return answerCode(answer);
}
