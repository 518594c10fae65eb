import { ipSetName } from "./ip-set-names.ts";
import type { IcmpMatch, PolicyRule, PolicyRuleSide } from "./policy-rule.ts";
import { formatPorts, splitPorts } from "./port-lists.ts";

type Side = "source" | "destination";

const DIRECTIONS = { source: "src", destination: "dst" } as const;

/** `--source 10.0.0.0/8`. */
export function netMatch(side: Side, net: string, negated = false): string {
  return `${negated ? "! " : ""}--${side} ${net}`;
}

/** `-m multiport --destination-ports 80,443`. */
export function portsMatch(side: Side, ports: string, negated = false): string {
  return `-m multiport ${negated ? "! " : ""}--${side}-ports ${ports}`;
}

/** A set of addresses and ports: `-m set --match-set cali40n:… dst,dst`. */
export function portSetMatch(side: Side, id: string, family: 4 | 6, negated = false): string {
  const direction = DIRECTIONS[side];
  return `-m set ${negated ? "! " : ""}--match-set ${ipSetName(id, family)} ${direction},${direction}`;
}

function setMatch(side: Side, id: string, family: 4 | 6, negated: boolean): string {
  return `-m set ${negated ? "! " : ""}--match-set ${ipSetName(id, family)} ${DIRECTIONS[side]}`;
}

function icmpMatch(icmp: IcmpMatch, family: 4 | 6, negated: boolean): string {
  const type = icmp.code === null ? `${icmp.type}` : `${icmp.type}/${icmp.code}`;
  return family === 4
    ? `-m icmp ${negated ? "! " : ""}--icmp-type ${type}`
    : `-m icmp6 ${negated ? "! " : ""}--icmpv6-type ${type}`;
}

function positive(side: Side, asked: PolicyRuleSide, services: readonly string[], family: 4 | 6): readonly string[] {
  return [
    ...asked.nets.map((net) => netMatch(side, net)),
    ...asked.sets.map((id) => setMatch(side, id, family, false)),
    ...services.map((id) => portSetMatch(side, id, family)),
    ...(asked.ports.length === 0 ? [] : [portsMatch(side, formatPorts(asked.ports))]),
    ...asked.namedPortSets.map((id) => portSetMatch(side, id, family)),
  ];
}

function negative(side: Side, asked: PolicyRuleSide, family: 4 | 6): readonly string[] {
  return [
    ...asked.notNets.map((net) => netMatch(side, net, true)),
    ...asked.notSets.map((id) => setMatch(side, id, family, true)),
    ...splitPorts(asked.notPorts).map((ports) => portsMatch(side, formatPorts(ports), true)),
    ...asked.notNamedPortSets.map((id) => portSetMatch(side, id, family, true)),
  ];
}

/** What one iptables rule can ask of what a policy rule asks (felix/rules/policy.go, CalculateRuleMatch). */
export function ruleMatch(rule: PolicyRule, family: 4 | 6): string {
  return [
    ...(rule.protocol === null ? [] : [`-p ${rule.protocol}`]),
    ...positive("source", rule.source, [], family),
    ...positive("destination", rule.destination, rule.serviceSets, family),
    ...(rule.icmp === null ? [] : [icmpMatch(rule.icmp, family, false)]),
    ...(rule.notProtocol === null ? [] : [`! -p ${rule.notProtocol}`]),
    ...negative("source", rule.source, family),
    ...negative("destination", rule.destination, family),
    ...(rule.notIcmp === null ? [] : [icmpMatch(rule.notIcmp, family, true)]),
  ].join(" ");
}
