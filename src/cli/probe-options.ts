import { type Command, InvalidArgumentError, Option } from "commander";
import { parseProtocol } from "../net/protocol.ts";
import type { ProbeKind } from "../trace/probe.ts";
import type { BgpOptions } from "./bgp-option.ts";
import { type CommonOptions, wholeNumber } from "./common-options.ts";

/** `<probe…>` of INTERFACES section 1. */
export interface ProbeOptions extends CommonOptions, BgpOptions {
  readonly from?: string;
  readonly to?: string;
  readonly kind?: ProbeKind;
  readonly proto?: number;
  readonly port?: number;
  readonly sport?: number;
  readonly size?: number;
  readonly df?: boolean;
  readonly packet?: string;
  readonly verbose?: boolean;
}

/** And what a trace can do with the answer. */
export interface TraceOptions extends ProbeOptions {
  readonly pcap?: string;
}

const ENDPOINT = "pod/<namespace>/<name>, node/<name>, service/<namespace>/<name>[:port], host/<name> or an address";

export function addProbeOptions(command: Command): Command {
  return command
    .option("--from <endpoint>", `who sends: ${ENDPOINT}`)
    .option("--to <endpoint>", "whom it is for: likewise, or a name: dns/<name>[:port], http://<name>")
    .addOption(
      new Option("--kind <kind>", "default: connect with a TCP port, request with a UDP port, else ping").choices([
        "ping",
        "connect",
        "request",
        "traceroute",
        "lookup",
      ]),
    )
    .option("--proto <protocol>", "tcp, udp, icmp or sctp", protocol)
    .option("--port <number>", "destination port", wholeNumber(1, 65535))
    .option("--sport <number>", "source port", wholeNumber(1, 65535))
    .option("--size <bytes>", "payload", wholeNumber(0, 65495))
    .option("--df", "do not fragment")
    .option("--packet <json>", "one packet instead, as podpath probe reads it");
}

export function addTraceOptions(command: Command): Command {
  return addProbeOptions(command)
    .option("--verbose", "every evaluated rule, every branch, every answer in full")
    .option("--pcap <file>", "also write the packet as seen at every hop (pcapng)");
}

function protocol(text: string): number {
  const number = parseProtocol(text);
  if (number === null)
    throw new InvalidArgumentError("Expected tcp, udp, icmp, icmpv6, sctp or a number from 0 to 255.");
  return number;
}
