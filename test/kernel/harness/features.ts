import type { Journey } from "../../../src/emulator/journey.ts";
import type { Network } from "../../../src/model/network.ts";
import type { PolicyRule } from "../../../src/model/policy-rule.ts";
import { GRE, ICMP, ICMPV6, SCTP, TCP, UDP, UDPLITE } from "../../../src/net/protocol.ts";
import type { RulePlace, TraceStep } from "../../../src/trace/step.ts";
import type { Round } from "./duel.ts";
import { PLAIN_SYSCTLS } from "./lab.ts";
import { silences } from "./podpath-network.ts";

/**
 * What one probe exercised that both sides agreed about: matches and targets of rules that matched, chains, devices, routes,
 * policy rules and sysctls of the hosts it came to, answers, drop reasons, conntrack's protocols.
 */
export function featuresOf(round: Round, network: Network): ReadonlySet<string> {
  const features = new Set<string>();
  const hosts = new Set<string>();
  if (round.packet.badChecksum === true) features.add("packet with a wrong checksum");
  for (const { header } of round.packet.extensions ?? []) features.add(`packet IPv6 header ${header}`);
  if (new Set(round.kernel.rules.map(({ backend }) => backend)).size > 1) features.add("backends at one host");
  for (const { run } of round.answer.branches) {
    for (const journey of run.journeys.slice(run.first)) {
      const steps = run.steps.get(journey.id) ?? [];
      for (const step of steps) {
        hosts.add(step.host);
        ofStep(step, network, features);
      }
      ofTracking(journey, steps, features);
    }
  }
  for (const name of hosts) {
    const host = network.hosts.get(name);
    if (host === undefined) continue;
    for (const rule of host.policyRules) ofPolicyRule(rule, features);
    for (const [key, value] of host.sysctls) {
      if (PLAIN_SYSCTLS[key] === value) continue;
      features.add(`sysctl ${anyDevice(key)}`);
      if (key === ALL_HOP_LIMIT) features.add(`sysctl ${key}`);
    }
  }
  for (const response of round.kernel.responses) {
    const { protocol, icmpType, icmpCode } = response.packet;
    features.add(
      protocol === ICMP || protocol === ICMPV6
        ? `answer ${protocol === ICMP ? "icmp" : "icmpv6"} ${icmpType}/${icmpCode}`
        : `answer ${response.kind}`,
    );
  }
  features.add(`outcome ${round.kernel.outcome}`);
  // After a delivery, and of copies, the reason is not compared.
  const { reason } = round.kernel;
  if (reason !== null && round.branches.some((branch) => branch.reason === reason)) features.add(`drop ${reason}`);
  if (round.kernel.errno !== null) features.add(`errno ${round.kernel.errno}`);
  return features;
}

/** Of a table of nft's own the name says nothing. */
function hookFeature({ table, hook, family, backend }: RulePlace): string {
  return table.includes(" ") ? `nft ${hook} IPv${family}` : `hook ${table} ${hook} IPv${family} ${backend}`;
}

function ofStep(step: TraceStep, network: Network, features: Set<string>): void {
  switch (step.kind) {
    case "rule": {
      const { rule } = step.place;
      if (silences(step.place.chain) || !step.matched) return;
      features.add(hookFeature(step.place));
      for (const match of rule?.matches ?? []) {
        features.add(`match ${match.name}`);
        if (match.name !== "set" || match.options.invert) continue;
        const set = network.hosts.get(step.host)?.ipSets.get(match.options.name);
        if (set !== undefined) features.add(`set ${set.type}`);
      }
      const target = rule?.target ?? null;
      if (target === null) return;
      if (target.kind === "extension") features.add(`target ${target.call.name}`);
      else features.add(`verdict ${target.kind === "verdict" ? target.verdict : target.kind}`);
      return;
    }
    case "policy": {
      if (!silences(step.place.chain)) features.add(hookFeature(step.place));
      return;
    }
    case "receive":
    case "transmit": {
      const device = network.hosts.get(step.host)?.interfaces.get(step.interface);
      if (device !== undefined) {
        features.add(`device ${device.kind}`);
        // A frame of a port is the bridge's, whether or not the bridge itself takes it up.
        const master = network.hosts.get(step.host)?.interfaces.get(device.master ?? "");
        if (master?.kind === "bridge") features.add("device bridge");
      }
      features.add(`packet IPv${step.packet.src.family} protocol ${step.packet.protocol}`);
      return;
    }
    case "route":
      if (step.result.route !== null) {
        features.add(`route ${step.result.route.type}`);
        if (step.result.route.nextHops.length > 1) features.add("routing multipath");
        if (step.result.route.nextHops.some(({ onlink }) => onlink)) features.add("routing onlink");
      }
      features.add(`routing ${step.purpose}`);
      return;
    case "conntrack":
      features.add(`conntrack ${step.state}`);
      return;
    case "nat":
      features.add(`nat ${step.manip} ${step.hook}`);
      return;
    case "encapsulate":
    case "decapsulate":
    case "fragment":
    case "reassemble":
      features.add(`way ${step.kind}`);
      return;
    default:
      return;
  }
}

/** Conntrack's trackers by protocol number; every other protocol has the generic one. */
const TRACKERS: ReadonlyMap<number, string> = new Map([
  [TCP, "tcp"],
  [UDP, "udp"],
  [UDPLITE, "udplite"],
  [ICMP, "icmp"],
  [ICMPV6, "icmpv6"],
  [SCTP, "sctp"],
  [GRE, "gre"],
]);

/** The tracker of each packet that conntrack gave a state to: a tunnel makes another packet of it on the way. */
function ofTracking(journey: Journey, steps: readonly TraceStep[], features: Set<string>): void {
  let { packet } = journey;
  for (const step of steps) {
    if ("packet" in step) packet = step.packet;
    if (step.kind !== "conntrack" || step.state === "UNTRACKED") continue;
    features.add(`tracker ${TRACKERS.get(packet.protocol) ?? "generic"} IPv${packet.src.family}`);
  }
}

function ofPolicyRule(rule: PolicyRule, features: Set<string>): void {
  const selectors: readonly (readonly [string, boolean])[] = [
    ["not", rule.not],
    ["from", rule.from !== null],
    ["to", rule.to !== null],
    ["iif", rule.inInterface !== null],
    ["oif", rule.outInterface !== null],
    ["fwmark", rule.mark !== null],
    ["tos", rule.tos !== 0],
    ["dscp", rule.dscp !== null],
    ["ipproto", rule.protocol !== null],
    ["sport", rule.sport !== null],
    ["dport", rule.dport !== null],
    ["uidrange", rule.uidRange !== null],
    ["suppress_prefixlength", rule.suppressPrefixLength !== null],
    ["suppress_ifgroup", rule.suppressGroup !== null],
    ["tun_id", rule.tunnelId !== null],
    ["realms", rule.realms !== null],
  ];
  for (const [name, isThere] of selectors) if (isThere) features.add(`policy-rule ${name}`);
  features.add(`policy-rule action ${rule.action.kind}`);
}

/** Not that of every device, but of what has none. */
const ALL_HOP_LIMIT = "net.ipv6.conf.all.hop_limit";

/** `net.ipv4.conf.DEV.rp_filter`: the sysctl of any device. */
function anyDevice(key: string): string {
  return key.replace(/^(net\.ipv[46]\.(?:conf|neigh))\.[^.]+\./, "$1.DEV.");
}
