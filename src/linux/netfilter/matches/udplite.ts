import { UDPLITE } from "../../../net/protocol.ts";
import type { MatchExtension } from "../extension.ts";
import { compilePorts, PORT_OPTIONS, type PortOptions, parsePorts, printPorts } from "../port-options.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly udplite: PortOptions;
  }
}

/** `-m udplite`: UDP-Lite ports (net/netfilter/xt_tcpudp.c). */
export const udplite: MatchExtension<"udplite"> = {
  options: PORT_OPTIONS,
  parse: (given, context) => parsePorts(given, context.protocol, UDPLITE),
  print: printPorts,
  compile: compilePorts,
};
