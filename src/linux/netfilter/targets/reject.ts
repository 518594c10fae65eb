import type { Family } from "../../../net/address.ts";
import {
  ADMIN_PROHIBITED,
  DEST_UNREACHABLE,
  HOST_PROHIBITED,
  HOST_UNREACHABLE,
  NET_PROHIBITED,
  NET_UNREACHABLE,
  PORT_UNREACHABLE,
  PROTOCOL_UNREACHABLE,
  V6_ADDRESS_UNREACHABLE,
  V6_ADMIN_PROHIBITED,
  V6_DEST_UNREACHABLE,
  V6_NO_ROUTE,
  V6_POLICY_FAIL,
  V6_PORT_UNREACHABLE,
  V6_REJECT_ROUTE,
} from "../../../net/icmp.ts";
import { TCP } from "../../../net/protocol.ts";
import { type RejectWith, sendReject } from "../../reject.ts";
import type { TargetExtension } from "../extension.ts";
import { givenValue } from "../option-words.ts";
import { NF_DROP } from "../verdict.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly REJECT: { readonly how: RejectWith };
  }
}

/** One answer: as iptables-save prints it, the short form, and what it sends. */
interface Answer {
  readonly name: string;
  readonly alias: string;
  readonly how: RejectWith;
}

function answer4(name: string, alias: string, code: number): Answer {
  return { name, alias, how: { type: DEST_UNREACHABLE, code } };
}

function answer6(name: string, alias: string, code: number): Answer {
  return { name, alias, how: { type: V6_DEST_UNREACHABLE, code } };
}

const TCP_RESET: Answer = { name: "tcp-reset", alias: "tcp-rst", how: "tcp-reset" };

/** In the order of extensions/libipt_REJECT.c and libip6t_REJECT.c: an abbreviation means the first that fits. */
const ANSWERS: Readonly<Record<Family, readonly Answer[]>> = {
  4: [
    answer4("icmp-net-unreachable", "net-unreach", NET_UNREACHABLE),
    answer4("icmp-host-unreachable", "host-unreach", HOST_UNREACHABLE),
    answer4("icmp-proto-unreachable", "proto-unreach", PROTOCOL_UNREACHABLE),
    answer4("icmp-port-unreachable", "port-unreach", PORT_UNREACHABLE),
    answer4("icmp-net-prohibited", "net-prohib", NET_PROHIBITED),
    answer4("icmp-host-prohibited", "host-prohib", HOST_PROHIBITED),
    TCP_RESET,
    answer4("icmp-admin-prohibited", "admin-prohib", ADMIN_PROHIBITED),
  ],
  6: [
    answer6("icmp6-no-route", "no-route", V6_NO_ROUTE),
    answer6("icmp6-adm-prohibited", "adm-prohibited", V6_ADMIN_PROHIBITED),
    answer6("icmp6-addr-unreachable", "addr-unreach", V6_ADDRESS_UNREACHABLE),
    answer6("icmp6-port-unreachable", "port-unreach", V6_PORT_UNREACHABLE),
    TCP_RESET,
    answer6("icmp6-policy-fail", "policy-fail", V6_POLICY_FAIL),
    answer6("icmp6-reject-route", "reject-route", V6_REJECT_ROUTE),
  ],
};

function nameOf(how: RejectWith, family: Family): string {
  const found = ANSWERS[family].find((answer) =>
    typeof answer.how === "string" || typeof how === "string"
      ? answer.how === how
      : answer.how.type === how.type && answer.how.code === how.code,
  );
  return found?.name ?? (family === 4 ? "icmp-port-unreachable" : "icmp6-port-unreachable");
}

/**
 * `-j REJECT`: answers, then drops (net/ipv4/netfilter/ipt_REJECT.c, net/ipv6/netfilter/ip6t_REJECT.c). Without
 * `--reject-with` it is port unreachable; names may be abbreviated, in any case, as the tool allows.
 */
export const REJECT: TargetExtension<"REJECT"> = {
  options: { "reject-with": { values: 1, negatable: false } },
  parse(given, context) {
    const answers = ANSWERS[context.family];
    const text = givenValue(given, "reject-with")?.toLowerCase();
    if (text === "") return { problem: "--reject-with needs a name" };
    const found =
      text === undefined
        ? answers.find((answer) => answer.alias === "port-unreach")
        : answers.find((answer) => answer.name.startsWith(text) || answer.alias.startsWith(text));
    if (found === undefined) {
      return { problem: `expected --reject-with ${answers.map((answer) => answer.name).join("|")}` };
    }
    if (found.how === "tcp-reset" && context.protocol !== TCP) return { problem: "tcp-reset needs -p tcp" };
    return { value: { how: found.how } };
  },
  print: (options, context) => ["--reject-with", nameOf(options.how, context.family)],
  compile: (options) => (skb, runtime, hook) => {
    sendReject(runtime, skb, hook, options.how);
    return NF_DROP;
  },
};
