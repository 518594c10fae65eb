import type { Doubt } from "../emulator/assumption.ts";
import type { Finding } from "../model/finding.ts";
import { type Asked, askedPacket, askedProbe } from "../report/asked.ts";
import { parsePacketLine } from "../trace/packet-question.ts";
import { createPacketSession } from "../trace/packet-session.ts";
import { askProbe, doubtProbe, prepareProbe } from "../trace/probe.ts";
import type { Answer } from "../trace/result.ts";
import { InputError } from "./input-error.ts";
import type { LoadedNetwork } from "./loaded-network.ts";
import { packetLine } from "./packet-line.ts";
import type { ProbeOptions } from "./probe-options.ts";

export interface AskedAnswer {
  readonly asked: Asked;
  readonly answer: Answer;
  readonly id: string | null;
  /** Answers the same under a doubt; null where that is not looked into. */
  readonly doubting: ((doubt: Doubt) => Answer) | null;
}

function askOptions(options: ProbeOptions): { readonly everyRule: boolean; readonly strict: boolean } {
  return { everyRule: options.verbose ?? false, strict: options.strict ?? false };
}

/** A probe needs addresses and routes, which one dump alone rarely tells. */
const ASK_WITH_PACKET =
  'One dump alone is best asked with --packet, such as \'{"interface":"eth0","src":"192.0.2.1","dst":"192.0.2.2","proto":"tcp","dport":80}\'.';

function askEnds(loaded: LoadedNetwork, options: ProbeOptions): AskedAnswer {
  const { network, lone } = loaded;
  const prepared = prepareProbe(network, {
    from: options.from ?? "",
    to: options.to ?? "",
    kind: options.kind ?? null,
    protocol: options.proto ?? null,
    port: options.port ?? null,
    sport: options.sport ?? null,
    size: options.size ?? null,
    df: options.df ?? false,
  });
  if ("findings" in prepared) {
    const unasked = prepared.findings.map((finding) => (lone ? { ...finding, advice: ASK_WITH_PACKET } : finding));
    // who is asked for may be in what could not be read
    throw new InputError([...unasked, ...loaded.findings.filter(({ severity }) => severity === "error")]);
  }
  const answer = askProbe(network, prepared.probe, askOptions(options));
  return { asked: askedProbe(prepared.probe), answer, id: null, doubting: doubtProbe(network, prepared.probe) };
}

/** In a trace, receivers answer unless the packet says otherwise. */
function askPacket(loaded: LoadedNetwork, text: string, options: ProbeOptions): AskedAnswer {
  const line = packetLine(text, loaded, { answers: true });
  const parsed = parsePacketLine(line, { file: "--packet", line: 1 });
  if ("findings" in parsed) throw new InputError(parsed.findings);
  const { question } = parsed;
  const asked = createPacketSession(loaded.network).ask(question, askOptions(options));
  if ("findings" in asked) throw new InputError(asked.findings);
  return { asked: askedPacket(question), answer: asked.answer, id: question.id, doubting: null };
}

/** Asks what the options of a probe say. */
export function ask(loaded: LoadedNetwork, options: ProbeOptions): AskedAnswer {
  return options.packet === undefined ? askEnds(loaded, options) : askPacket(loaded, options.packet, options);
}

/** Throws where the options say too little or too much. */
export function checkArguments(options: ProbeOptions): void {
  const findings: Finding[] = [];
  const given = (["from", "to", "kind", "proto", "port", "sport", "size", "df"] as const).filter(
    (name) => options[name] !== undefined,
  );
  if (options.packet !== undefined) {
    if (given.length === 0) return;
    findings.push(
      problem(`--packet already says everything about the packet; drop ${given.map((name) => `--${name}`).join(", ")}`),
    );
  } else {
    for (const end of ["from", "to"] as const) {
      if (options[end] === undefined) findings.push(problem(`--${end} is missing`));
    }
  }
  if (findings.length > 0) throw new InputError(findings);
}

function problem(message: string): Finding {
  return {
    code: "bad-arguments",
    severity: "error",
    message,
    advice: "Give --from and --to, or --packet. podpath trace --help lists what an endpoint can be.",
  };
}
