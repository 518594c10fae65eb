import { formatPrefix, parsePrefix } from "../../net/prefix.ts";
import { entitySelector, type WrongSelector } from "../conversion/entity-selector.ts";
import type { CalicoRule, EntityRule, PolicyPort } from "../network-policy.ts";
import { parseSelector } from "../selector/parse-selector.ts";
import type { Selector } from "../selector/selector.ts";
import { type SetDefinition, setID } from "./ip-set-names.ts";
import type { PolicyRule, PolicyRuleSide, PortRange } from "./policy-rule.ts";

/** A rule as the renderer wants it, and the sets that it needs. */
export interface ConvertedRule {
  readonly rule: PolicyRule;
  readonly sets: ReadonlyMap<string, SetDefinition>;
}

const ALL: Selector = { kind: "all" };

/** TCP where the rule does not say UDP or SCTP, by name or number. */
function namedPortProtocol(protocol: string | null): "tcp" | "udp" | "sctp" {
  const word = protocol?.toLowerCase();
  if (word === "udp" || word === "17") return "udp";
  return word === "sctp" || word === "132" ? "sctp" : "tcp";
}

function numeric(ports: readonly PolicyPort[]): readonly PortRange[] {
  return ports.flatMap((port) => (port.kind === "range" ? [{ first: port.first, last: port.last }] : []));
}

/** The canonical network; one that does not parse is left out, as upstream does. */
function networks(nets: readonly string[]): readonly string[] {
  return nets.flatMap((net) => {
    const prefix = parsePrefix(net);
    return prefix === null ? [] : [formatPrefix(prefix)];
  });
}

interface ConvertedSide {
  readonly side: PolicyRuleSide;
  readonly services: readonly string[];
}

/** Converts one side after another, collecting the sets they need. */
function sideConverter(rule: CalicoRule, namespace: string | null, sets: Map<string, SetDefinition>) {
  const protocol = namedPortProtocol(rule.protocol);
  const need = (definition: SetDefinition): string => {
    const id = setID(definition);
    sets.set(id, definition);
    return id;
  };
  const selectorSets = (text: string): readonly string[] => {
    const { selector } = parseSelector(text);
    return text === "" || selector === null ? [] : [need({ kind: "selector", selector })];
  };
  return (entity: EntityRule, isSource: boolean): ConvertedSide | WrongSelector => {
    const { selector: positive, wrong } = entitySelector(entity, namespace);
    if (wrong !== null) return wrong;
    // known endpoints only: what is excluded narrows that set instead of asking for a second one
    const narrowed = positive !== "" && entity.notSelector !== "";
    const selected = narrowed ? `(${positive}) && (!(${entity.notSelector}))` : positive;
    const selector = selected === "" ? ALL : (parseSelector(selected).selector ?? ALL);
    const named = (ports: readonly PolicyPort[]): readonly string[] =>
      ports.flatMap((port) =>
        port.kind === "named" ? [need({ kind: "named-port", selector, protocol, port: port.name })] : [],
      );
    const ports = numeric(entity.ports);
    const namedPortSets = named(entity.ports);
    const service =
      entity.services === null
        ? []
        : [
            need({
              kind: "service",
              service: `${entity.services.namespace}/${entity.services.name}`,
              ports: !isSource,
            }),
          ];
    return {
      side: {
        nets: networks(entity.nets),
        notNets: networks(entity.notNets),
        sets: [
          // named ports alone are already limited to the selected endpoints
          ...(ports.length > 0 || namedPortSets.length === 0 ? selectorSets(selected) : []),
          ...(isSource ? service : []),
        ],
        notSets: narrowed ? [] : selectorSets(entity.notSelector),
        ports,
        notPorts: numeric(entity.notPorts),
        namedPortSets,
        notNamedPortSets: named(entity.notPorts),
      },
      services: isSource ? [] : service,
    };
  };
}

/** ICMP is IPv4's and ICMPv6 IPv6's where the rule does not say. */
function familyOf(rule: CalicoRule): 4 | 6 | null {
  if (rule.ipVersion !== null) return rule.ipVersion;
  const word = rule.protocol?.toLowerCase();
  return word === "icmp" ? 4 : word === "icmpv6" ? 6 : null;
}

/**
 * A policy's rule with its selectors, named ports and services replaced by sets
 * (felix/calc/rule_scanner.go, ruleToParsedRule; rule_convert.go).
 *
 * @param namespace the policy's; null for policies of the whole cluster
 */
export function convertRule(
  rule: CalicoRule,
  namespace: string | null,
): ConvertedRule | { readonly wrong: WrongSelector } {
  const sets = new Map<string, SetDefinition>();
  const convert = sideConverter(rule, namespace, sets);
  const source = convert(rule.source, true);
  if ("error" in source) return { wrong: source };
  const destination = convert(rule.destination, false);
  if ("error" in destination) return { wrong: destination };
  const actions = { Allow: "allow", Deny: "deny", Pass: "pass", Log: "log" } as const;
  return {
    rule: {
      action: actions[rule.action],
      family: familyOf(rule),
      protocol: rule.protocol?.toLowerCase() ?? null,
      notProtocol: rule.notProtocol?.toLowerCase() ?? null,
      source: source.side,
      destination: destination.side,
      serviceSets: destination.services,
      icmp: rule.icmp,
      notIcmp: rule.notICMP,
      annotations: rule.annotations,
    },
    sets,
  };
}
