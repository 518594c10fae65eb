import type { Interface } from "../../model/interface.ts";
import type { PolicyRule } from "../../model/policy-rule.ts";
import { formatAddress, unspecified } from "../../net/address.ts";
import { prefixContains } from "../../net/prefix.ts";
import { isFree, valueIn } from "../free-value.ts";
import type { HostRuntime } from "../runtime.ts";
import { OF_UNKNOWN_SPI } from "./dissect.ts";
import type { RouteKey } from "./key.ts";

/** Bits of the TOS byte that IPv4 rules and routes of `tos N` look at (INET_DSCP_LEGACY_TOS_MASK). */
export const LEGACY_TOS_MASK = 0x1c;

/**
 * fib_rule_match() (net/core/fib_rules.c), fib4_rule_match(), fib6_rule_match(). A rule of a device that does not exist
 * ("detached") holds for nothing; `not` turns the whole round, also then.
 */
export function ruleSelects(runtime: HostRuntime, rule: PolicyRule, key: RouteKey): boolean {
  if (!selectorsHold(runtime, rule, key)) return rule.not;
  if (rule.unmodelled === "") return !rule.not;
  return unknownSelector(runtime, rule, key) !== rule.not;
}

function selectorsHold(runtime: HostRuntime, rule: PolicyRule, key: RouteKey): boolean {
  if (rule.from !== null && rule.from.length > 0 && !fromHolds(rule.from, key)) return false;
  if (rule.to !== null && !prefixContains(rule.to, key.dst)) return false;
  if (rule.inInterface !== null && rule.inInterface !== (key.input ?? "lo")) return false;
  if (rule.outInterface !== null && rule.outInterface !== key.output) return false;
  if (rule.mark !== null && ((key.mark ^ rule.mark.value) & rule.mark.mask) !== 0) return false;
  if (rule.tos !== 0 && rule.tos !== (rule.family === 4 ? key.tos & LEGACY_TOS_MASK : key.tos)) return false;
  if (rule.dscp !== null && (((key.tos >>> 2) ^ rule.dscp.value) & rule.dscp.mask) !== 0) return false;
  if (rule.protocol !== null && rule.protocol !== key.protocol) return false;
  if (rule.sport !== null && !portIn(runtime, rule, key, "sport", rule.sport)) return false;
  if (rule.dport !== null && !portIn(runtime, rule, key, "dport", rule.dport)) return false;
  if (rule.uidRange !== null && (key.uid < rule.uidRange.first || key.uid > rule.uidRange.last)) return false;
  if (rule.tunnelId !== null && !tunnelIdHolds(runtime, rule, key)) return false;
  return !rule.l3mdev || l3mdevHolds(runtime, rule, key);
}

/** IPv4 compares an unset source as 0.0.0.0; IPv6 takes no rule of a source prefix then. */
function fromHolds(from: NonNullable<PolicyRule["from"]>, { src }: RouteKey): boolean {
  if (src === null && from.address.family === 6) return false;
  return prefixContains(from, src ?? unspecified(from.address.family));
}

/** Ports are asked for only where a look-up knows them; 0 is the port of a packet without ports. */
function portIn(
  runtime: HostRuntime,
  rule: PolicyRule,
  key: RouteKey,
  side: "sport" | "dport",
  range: { readonly first: number; readonly last: number },
): boolean {
  const port = key[side];
  if (port === OF_UNKNOWN_SPI) return unknownSelector(runtime, rule, key, `${side} ${range.first}-${range.last}`);
  return isFree(port)
    ? valueIn(runtime.services.freeValues, runtime.services.choose, port, [range])
    : port >= range.first && port <= range.last;
}

/** Only packets out of a metadata ("external") tunnel device have a key; which one, no packet of the model says. */
function tunnelIdHolds(runtime: HostRuntime, rule: PolicyRule, key: RouteKey): boolean {
  const device = key.input === null ? undefined : runtime.host.interfaces.get(key.input);
  if (device === undefined || (device.kind !== "other" && device.vxlan?.vni !== -1)) return false;
  return unknownSelector(runtime, rule, key);
}

/** l3mdev_fib_rule_match(): the packet came in by, or is bound to, a VRF or a device of one. */
function l3mdevHolds(runtime: HostRuntime, rule: PolicyRule, key: RouteKey): boolean {
  const { interfaces } = runtime.host;
  const ofVrf = (name: string | null): boolean => {
    const device = name === null ? undefined : interfaces.get(name);
    return device !== undefined && (mayBeVrf(device) || mayBeVrf(interfaces.get(device.master ?? "")));
  };
  if (!ofVrf(key.input) && !ofVrf(key.output)) return false;
  return unknownSelector(runtime, rule, key);
}

function mayBeVrf(device: Interface | undefined): boolean {
  return device?.kind === "other";
}

function unknownSelector(runtime: HostRuntime, rule: PolicyRule, key: RouteKey, ports = ""): boolean {
  const what = [
    ...(ports === "" ? [] : [ports]),
    ...(rule.unmodelled === "" ? [] : [rule.unmodelled]),
    ...(rule.tunnelId === null ? [] : [`tun_id ${rule.tunnelId}`]),
    ...(rule.l3mdev ? ["l3mdev"] : []),
  ].join(" ");
  const taken = runtime.services.choose({
    kind: "unknown",
    code: "unmodelled-rule-selector",
    variable: `${runtime.host.name} ip rule ${rule.priority} ${rule.origin} ${what} for ${formatAddress(key.dst)}`,
    question: `does \`${what}\` of ip rule ${rule.priority} on ${runtime.host.name} select the packet to ${formatAddress(key.dst)}? podpath does not model it`,
    alternatives: [
      { label: "it does not", probability: 0 },
      { label: "it does", probability: 0 },
    ],
  });
  return taken === 1;
}
