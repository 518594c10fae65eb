import { type PortRange, portSet, portSetHas } from "../../../net/port-set.ts";
import { DCCP, SCTP, TCP, UDP, UDPLITE } from "../../../net/protocol.ts";
import { isFree, valueIn } from "../../free-value.ts";
import type { HostRuntime } from "../../runtime.ts";
import type { MatchExtension } from "../extension.ts";
import { formatRange, parsePort } from "../option-values.ts";
import { optionWords } from "../option-words.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly multiport: {
      readonly side: "sports" | "dports" | "ports";
      /** In the order written. */
      readonly ranges: readonly PortRange[];
      readonly invert: boolean;
    };
  }
}

const PROTOCOLS: readonly (number | null)[] = [TCP, UDP, UDPLITE, SCTP, DCCP];
/** XT_MULTI_PORTS: a range takes two slots. */
const SLOTS = 15;

function parseRanges(text: string): PortRange[] | string {
  const ranges: PortRange[] = [];
  let slots = 0;
  for (const word of text.split(",")) {
    const colon = word.indexOf(":");
    const first = parsePort(colon < 0 ? word : word.slice(0, colon));
    const last = colon < 0 ? first : parsePort(word.slice(colon + 1));
    if (first === null || last === null) return `invalid port/service "${word}"`;
    if (colon >= 0 && first >= last) return `invalid port range "${word}"`;
    slots += colon < 0 ? 1 : 2;
    ranges.push({ first, last });
  }
  return slots > SLOTS ? "too many ports: a rule holds 15, and a range counts twice" : ranges;
}

/**
 * `-m multiport` (net/netfilter/xt_multiport.c): `--ports` holds when either port is in the list. Further fragments
 * never match.
 */
export const multiport: MatchExtension<"multiport"> = {
  options: {
    sports: { values: 1, negatable: true, aliases: ["source-ports"] },
    dports: { values: 1, negatable: true, aliases: ["destination-ports"] },
    ports: { values: 1, negatable: true },
  },
  parse(given, context) {
    const [option] = given;
    if (option === undefined || given.length > 1) return { problem: "expected one of --sports, --dports, --ports" };
    if (!PROTOCOLS.includes(context.protocol)) {
      return { problem: "multiport needs -p tcp, udp, udplite, sctp or dccp" };
    }
    const ranges = parseRanges(option.values[0] ?? "");
    if (typeof ranges === "string") return { problem: ranges };
    const side = option.name === "sports" ? "sports" : option.name === "dports" ? "dports" : "ports";
    return { value: { side, ranges, invert: option.invert } };
  },
  print: ({ side, ranges, invert }) => optionWords(side, invert, ranges.map((range) => formatRange(range)).join(",")),
  compile({ side, ranges, invert }) {
    const ports = portSet(ranges);
    const [only] = ports;
    if (ports.length === 1 && only !== undefined && side !== "ports") {
      return { kind: side === "sports" ? "sport" : "dport", first: only.first, last: only.last, invert };
    }
    const has = (runtime: HostRuntime, port: number): boolean =>
      isFree(port)
        ? valueIn(runtime.services.freeValues, runtime.services.choose, port, ports)
        : portSetHas(ports, port);
    return {
      kind: "call",
      test({ packet }, runtime) {
        if (packet.fragmentOffset > 0) return false;
        const inside =
          side === "sports"
            ? has(runtime, packet.sport)
            : has(runtime, packet.dport) || (side === "ports" && has(runtime, packet.sport));
        return inside !== invert;
      },
    };
  },
};
