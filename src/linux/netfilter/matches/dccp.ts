import { DCCP } from "../../../net/protocol.ts";
import type { MatchExtension } from "../extension.ts";
import { compilePorts, PORT_OPTIONS, type PortOptions, parsePorts, printPorts } from "../port-options.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly dccp: PortOptions;
  }
}

/** `-m dccp`: DCCP ports (net/netfilter/xt_dccp.c). `--dccp-types` and `--dccp-option` are not modelled. */
export const dccp: MatchExtension<"dccp"> = {
  options: PORT_OPTIONS,
  parse: (given, context) => parsePorts(given, context.protocol, DCCP),
  print: printPorts,
  compile: compilePorts,
};
