import { answerJson } from "../report/trace-json.ts";
import { tracePcap } from "../report/trace-pcap.ts";
import { traceText } from "../report/trace-text.ts";
import { ask, checkArguments } from "./ask.ts";
import { answerCode, type ExitCode } from "./exit-code.ts";
import { loadNetwork } from "./input.ts";
import type { Io } from "./io.ts";
import { openOutput, writeOutput } from "./output.ts";
import type { TraceOptions } from "./probe-options.ts";
import { remarkOn } from "./remarks.ts";
import { VERSION } from "./version.ts";

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
    if (options.json === true) output.result(`${JSON.stringify(answerJson(answer, asked.id), null, 2)}\n`);
    else output.result(traceText(asked.asked, answer, { ink: output.ink, verbose: options.verbose ?? false }));
  } finally {
    output.close();
  }
  return answerCode(answer);
}
