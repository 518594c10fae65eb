import { SCTP } from "../../../net/protocol.ts";
import type { MatchExtension } from "../extension.ts";
import { compilePorts, PORT_OPTIONS, type PortOptions, parsePorts, printPorts } from "../port-options.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly sctp: PortOptions;
  }
}

/** `-m sctp`: SCTP ports (net/netfilter/xt_sctp.c). `--chunk-types` is not modelled: packets carry no SCTP chunks here. */
export const sctp: MatchExtension<"sctp"> = {
  options: PORT_OPTIONS,
  parse: (given, context) => parsePorts(given, context.protocol, SCTP),
  print: printPorts,
  compile: compilePorts,
};
