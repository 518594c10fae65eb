import { describePacket } from "../../../net/packet.ts";
import type { TargetExtension } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, givenValue } from "../option-words.ts";
import { NF_QUEUE, NF_STOLEN } from "../verdict.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly NFQUEUE: {
      readonly first: number;
      /** Equal to `first` for one queue. */
      readonly last: number;
      /** With no program at the queue the packet goes on instead of being dropped. */
      readonly bypass: boolean;
      readonly cpuFanout: boolean;
    };
  }
}

/**
 * `-j NFQUEUE` (net/netfilter/xt_NFQUEUE.c): a program decides, so nobody can tell from rules. It accepts or drops for
 * this hook; that it may also change the packet is not modelled.
 */
export const NFQUEUE: TargetExtension<"NFQUEUE"> = {
  options: {
    "queue-num": { values: 1, negatable: false },
    "queue-balance": { values: 1, negatable: false },
    "queue-bypass": { values: 0, negatable: false },
    "queue-cpu-fanout": { values: 0, negatable: false },
  },
  parse(given) {
    const balance = givenValue(given, "queue-balance");
    const number = givenValue(given, "queue-num");
    const [from, to] = balance === null ? [number ?? "0", number ?? "0"] : balance.split(":", 2);
    const first = parseNumber(from ?? "", 0xffff);
    const last = parseNumber(to ?? "", 0xffff);
    if (first === null || last === null || first > last || (balance !== null && first === last)) {
      return { problem: "expected --queue-num 0-65535 or --queue-balance first:last" };
    }
    if (balance !== null && number !== null) return { problem: "--queue-num and --queue-balance exclude each other" };
    const bypass = givenOption(given, "queue-bypass") !== undefined;
    return { value: { first, last, bypass, cpuFanout: givenOption(given, "queue-cpu-fanout") !== undefined } };
  },
  print: (options) => [
    ...(options.first === options.last
      ? ["--queue-num", String(options.first)]
      : ["--queue-balance", `${options.first}:${options.last}`]),
    ...(options.bypass ? ["--queue-bypass"] : []),
    ...(options.cpuFanout ? ["--queue-cpu-fanout"] : []),
  ],
  compile: (options, rule) => (skb, runtime) => {
    const { name } = runtime.host;
    const alone = options.bypass ? "accepted" : "dropped";
    const taken = runtime.services.choose({
      kind: "unknown",
      code: "queue-verdict",
      variable: `${name} NFQUEUE ${options.first} rule ${rule.origin} ${describePacket(skb.packet)}`,
      question: `what does the program at NFQUEUE ${options.first} on ${name} decide? With no program the packet is ${alone}`,
      alternatives: [
        { label: "the packet is accepted", probability: 0 },
        { label: "the packet is dropped", probability: 0 },
      ],
      command: "cat /proc/net/netfilter/nfnetlink_queue",
    });
    if (taken === 0) return NF_QUEUE;
    skb.stolen = true;
    return NF_STOLEN;
  },
};
