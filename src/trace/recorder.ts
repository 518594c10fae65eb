import type { Connection } from "../linux/conntrack/connection.ts";
import { describeCtState } from "../linux/netfilter/ct-state.ts";
import type { BoundChain } from "../linux/netfilter/table-image.ts";
import {
  type Hook,
  hookName,
  NF_ACCEPT,
  NF_DROP,
  NF_QUEUE,
  NF_STOLEN,
  type TargetVerdict,
  XT_CONTINUE,
} from "../linux/netfilter/verdict.ts";
import type { EngineStep, Observer } from "../linux/observer.ts";
import type { Skb } from "../linux/skb.ts";
import type { ConntrackRecord } from "../model/conntrack-record.ts";
import type { Host } from "../model/host.ts";
import { sameAddress } from "../net/address.ts";
import { copyPacket, packetLength } from "../net/packet.ts";
import type { RulePlace, TraceStep } from "./step.ts";

/** Steps of every journey, by its number. */
export interface Recording {
  readonly observer: Observer;
  readonly steps: Map<number, TraceStep[]>;
}

/** An observer that writes down what it hears. With `everyRule` it also keeps rules that were tried and did not match. */
export function recorder(everyRule: boolean): Recording {
  const steps = new Map<number, TraceStep[]>();
  const put = (skb: Skb, step: TraceStep): void => {
    const list = steps.get(skb.journey);
    if (list === undefined) steps.set(skb.journey, [step]);
    else list.push(step);
  };
  let lastHook: Hook = 0;
  const observer: Observer = {
    step(event) {
      // ARP belongs to no packet of a probe.
      if (event.skb !== null && event.skb.journey < 0) return;
      if ("hook" in event && typeof event.hook === "number") lastHook = event.hook;
      const step = toStep(event);
      if (step !== null && event.skb !== null) put(event.skb, step);
    },
    ...(everyRule
      ? {
          evaluated: (
            skb: Skb,
            runtime: { readonly host: { readonly name: string } },
            chain: BoundChain,
            rule: number,
          ) =>
            put(skb, {
              host: runtime.host.name,
              kind: "rule",
              place: place(chain, lastHook, rule),
              verdict: "no match",
              mark: skb.mark,
              matched: false,
            }),
        }
      : {}),
  };
  return { observer, steps };
}

function place(bound: BoundChain, hook: Hook, rule: number): RulePlace {
  const { chain, family } = bound.program;
  return {
    family,
    backend: bound.backend,
    table: bound.table,
    chain,
    hook: hookName(hook),
    index: chain.rules[rule]?.nft?.index ?? rule + 1,
    rule: chain.rules[rule] ?? null,
  };
}

/** The line of a dump that a connection comes from. */
function dumpedRecord(host: Host, connection: Connection | null): ConntrackRecord | null {
  if (connection === null || !connection.dumped) return null;
  const { original } = connection;
  return (
    host.conntrack.find(
      ({ protocol, original: { src, dst, sport, dport } }) =>
        protocol === original.protocol &&
        sport === original.sport &&
        dport === original.dport &&
        sameAddress(src, original.src) &&
        sameAddress(dst, original.dst),
    ) ?? null
  );
}

function toStep(event: EngineStep): TraceStep | null {
  const host = event.runtime?.host.name ?? "";
  switch (event.kind) {
    case "receive":
      return {
        host,
        kind: "receive",
        interface: event.skb.input?.name ?? "",
        packet: copyPacket(event.skb.packet),
        frame: { source: event.skb.sourceMac, destination: event.skb.destinationMac },
        innerFrame: event.skb.carried,
      };
    case "rule": {
      const at = place(event.chain, event.hook, event.rule);
      return {
        host,
        kind: "rule",
        place: at,
        verdict: event.skb.cutShort ? verdictName(event.verdict) : verdictOf(event.verdict, at),
        mark: event.skb.mark,
        matched: true,
      };
    }
    case "policy":
      return { host, kind: "policy", place: place(event.chain, event.hook, -1), verdict: verdictName(event.verdict) };
    case "return":
      return { host, kind: "return", place: place(event.chain, event.hook, -1) };
    case "conntrack":
      return { host, kind: "conntrack", state: describeCtState(event.skb.ctState), reply: event.skb.ctReply };
    case "nat":
      return {
        host,
        kind: "nat",
        hook: event.hook,
        manip: event.manip,
        from: event.from,
        to: event.to,
        dumped: dumpedRecord(event.runtime.host, event.skb.connection),
      };
    case "route":
      return { host, kind: "route", purpose: event.purpose, result: event.result, destination: event.skb.packet.dst };
    case "neighbour":
      return { host, kind: "neighbour", address: event.address, text: event.text };
    case "encapsulate":
    case "decapsulate":
      return {
        host,
        kind: event.kind,
        interface: event.device,
        packet: copyPacket(event.skb.packet),
        entry: event.entry,
      };
    case "transmit":
      return {
        host,
        kind: "transmit",
        interface: event.skb.output?.name ?? "",
        packet: copyPacket(event.skb.packet),
        mac: event.skb.destinationMac,
        frame: { source: event.skb.sourceMac, destination: event.skb.destinationMac },
        innerFrame: event.skb.carried,
      };
    case "fragment": {
      const lengths = event.pieces.map((piece) => packetLength(piece));
      return { host, kind: "fragment", interface: event.skb.output?.name ?? "", lengths };
    }
    case "reassemble":
      return { host, kind: "reassemble", packet: copyPacket(event.skb.packet), pieces: event.pieces };
    case "deliver":
      return { host, kind: "deliver", packet: copyPacket(event.skb.packet), text: event.text };
    case "drop":
      return { host, kind: "drop", reason: event.reason, text: event.text };
    case "reject":
      return { host, kind: "reject", text: event.text };
    case "icmp":
      return null;
    case "choice": {
      const alternative = event.choice.alternatives[event.taken];
      return {
        host,
        kind: "choice",
        question: event.choice.question,
        label: alternative?.label ?? "",
        probability: alternative?.probability ?? 0,
      };
    }
  }
}

/** What a matching rule did, in the words of its target. */
function verdictOf(verdict: TargetVerdict, at: RulePlace): string {
  const target = at.rule?.target ?? null;
  if (target === null) return "continue";
  if (target.kind === "jump" || target.kind === "goto") return `${target.kind} ${target.chain}`;
  if (target.kind === "extension") {
    const name = target.call.name === "unmodelled" ? target.call.options.extension : target.call.name;
    return verdict === XT_CONTINUE
      ? name
      : `${name} ${verdictName(verdict)}`.replace(
          /^(REJECT) .*$|^(DNAT|SNAT|MASQUERADE|REDIRECT|NETMAP) ACCEPT$/,
          "$1$2",
        );
  }
  return target.verdict;
}

function verdictName(verdict: TargetVerdict): string {
  switch (verdict) {
    case NF_DROP:
      return "DROP";
    case NF_ACCEPT:
    case NF_QUEUE:
      return "ACCEPT";
    case NF_STOLEN:
      return "STOLEN";
    case XT_CONTINUE:
      return "continue";
    default:
      return "RETURN";
  }
}
