import { DCCP } from "../../../net/protocol.ts";
import { isFree, valueIn } from "../../free-value.ts";
import type { HostRuntime } from "../../runtime.ts";
import type { MatchExtension } from "../extension.ts";
import type { RangeTest } from "../option-values.ts";
import { PORT_OPTIONS, type PortOptions, parsePorts, printPorts } from "../port-options.ts";
import { isReadable } from "./cut-short.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly dccp: PortOptions;
  }
}

/** Octets of `struct dccp_hdr` behind the eight that packets here have at least. */
const REST_OF_HEADER = 4;

function holds(runtime: HostRuntime, test: RangeTest | null, port: number): boolean {
  if (test === null) return true;
  const inside = isFree(port)
    ? valueIn(runtime.services.freeValues, runtime.services.choose, port, [test])
    : port >= test.first && port <= test.last;
  return inside !== test.invert;
}

/**
 * `-m dccp`: DCCP ports (net/netfilter/xt_dccp.c), read with the whole header. `--dccp-types` and `--dccp-option` are not
 * modelled.
 */
export const dccp: MatchExtension<"dccp"> = {
  options: PORT_OPTIONS,
  parse: (given, context) => parsePorts(given, context.protocol, DCCP),
  print: printPorts,
  compile: ({ sport, dport }) => ({
    kind: "call",
    test(skb, runtime) {
      const { packet } = skb;
      if (packet.protocol !== DCCP || packet.fragmentOffset > 0 || !isReadable(skb, REST_OF_HEADER)) return false;
      return holds(runtime, sport, packet.sport) && holds(runtime, dport, packet.dport);
    },
  }),
};
