import { UDP } from "../../../net/protocol.ts";
import type { MatchExtension } from "../extension.ts";
import { compileTcpUdpPorts, PORT_OPTIONS, type PortOptions, parsePorts, printPorts } from "../port-options.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly udp: PortOptions;
  }
}

/** `-m udp`: UDP ports (net/netfilter/xt_tcpudp.c). */
export const udp: MatchExtension<"udp"> = {
  options: PORT_OPTIONS,
  parse: (given, context) => parsePorts(given, context.protocol, UDP),
  print: printPorts,
  compile: (options, _rule, _family, backend) => compileTcpUdpPorts(options, backend),
};
