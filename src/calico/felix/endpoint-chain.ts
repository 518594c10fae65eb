import type { Origin } from "../../model/origin.ts";
import { LONGEST_CHAIN_NAME, lengthLimitedID } from "../length-limited-id.ts";
import { commentedRule, type FelixChain, type FelixRule, felixRule } from "./felix-rule.ts";
import { type FelixSettings, isSince } from "./felix-settings.ts";
import { nflogRule, profilePrefix, tierPrefix } from "./flow-logs.ts";
import { clearMark, marked, setMark, unmarked } from "./mark-rules.ts";
import { profileChainName } from "./policy-chain-names.ts";
import { groupTargets, type PolicyGroup } from "./policy-group.ts";
import { connectionLimitRules, packetRateRules, type QosLimits } from "./qos-limits.ts";

/** The policies of a tier that choose an endpoint, in one direction. */
export interface EndpointTier {
  readonly name: string;
  readonly defaultAction: "Deny" | "Pass";
  readonly groups: readonly PolicyGroup[];
}

/** One chain of a workload or host endpoint. */
export interface EndpointChainRequest {
  /** `cali-tw-`, `cali-fw-`, `cali-th-`, `cali-fh-`, `cali-thfw-`, `cali-fhfw-`. */
  readonly prefix: string;
  readonly interfaceName: string;
  readonly direction: "ingress" | "egress";
  readonly kind: "normal" | "untracked" | "preDNAT" | "forward";
  readonly adminUp: boolean;
  readonly tiers: readonly EndpointTier[];
  readonly profiles: readonly string[];
  /** Null for workloads and forwarded packets. */
  readonly failsafe: "cali-failsafe-in" | "cali-failsafe-out" | null;
  readonly allowAction: "ACCEPT" | "RETURN";
  readonly dropsEncapsulated: { readonly vxlan: boolean; readonly ipip: boolean };
  /** Of a workload. */
  readonly limits: QosLimits;
}

export function endpointChainName(prefix: string, interfaceName: string): string {
  return lengthLimitedID(prefix, interfaceName, LONGEST_CHAIN_NAME);
}

function conntrackRules(allowAction: "ACCEPT" | "RETURN", settings: FelixSettings): readonly FelixRule[] {
  const known = "-m conntrack --ctstate RELATED,ESTABLISHED";
  return [
    ...(allowAction === "RETURN" ? [felixRule(known, setMark(settings.marks.accept))] : []),
    felixRule(known, `--jump ${allowAction}`),
    ...(settings.dropsInvalid
      ? [felixRule("-m conntrack --ctstate INVALID", `--jump ${settings.filterDenyAction}`)]
      : []),
  ];
}

function encapsulationRules(
  request: EndpointChainRequest,
  settings: FelixSettings,
  word: string,
): readonly FelixRule[] {
  const deny = `--jump ${settings.filterDenyAction}`;
  const rules: FelixRule[] = [];
  if (request.dropsEncapsulated.vxlan) {
    const match = `-p 17 -m multiport --destination-ports ${settings.vxlanPort}`;
    rules.push(commentedRule(`${word} VXLAN encapped packets originating in workloads`, match, deny));
  }
  if (request.dropsEncapsulated.ipip) {
    rules.push(commentedRule(`${word} IPinIP encapped packets originating in workloads`, "-p 4", deny));
  }
  return rules;
}

function originOfGroup(group: PolicyGroup): { readonly origin?: Origin } {
  const origin = group.policies[0]?.origin;
  return origin === undefined ? {} : { origin };
}

function tierRules(
  tier: EndpointTier,
  request: EndpointChainRequest,
  settings: FelixSettings,
  word: string,
): readonly FelixRule[] {
  const { marks } = settings;
  const [first] = tier.groups;
  const jumps = tier.groups.flatMap((group) =>
    groupTargets(group, settings).chains.flatMap((chain) => [
      { ...felixRule(unmarked(marks.pass), `--jump ${chain}`), ...originOfGroup(group) },
      ...(request.kind === "untracked" ? [felixRule(marked(marks.accept), "--jump NOTRACK")] : []),
      commentedRule("Return if policy accepted", marked(marks.accept), "--jump RETURN"),
    ]),
  );
  const isFinal = request.kind === "normal" || request.kind === "forward";
  const ends = isFinal && tier.defaultAction === "Deny" && jumps.length > 0;
  const log =
    isFinal && settings.flowLogs
      ? [
          nflogRule(
            unmarked(marks.pass),
            request.direction,
            tierPrefix(ends ? "deny" : "pass", request.direction, tier.name),
          ),
        ]
      : [];
  const end = isSince(settings.band, "v3.30") ? `End of tier ${tier.name}. ` : "";
  return [
    { ...clearMark(marks.pass), comments: [`Start of tier ${tier.name}`] },
    ...jumps,
    ...log,
    ...(ends
      ? [
          {
            ...commentedRule(
              `${end}${word} if no policies passed packet`,
              unmarked(marks.pass),
              `--jump ${settings.filterDenyAction}`,
            ),
            // without a policy that chooses the endpoint there would be no such rule
            ...(first === undefined ? {} : originOfGroup(first)),
          },
        ]
      : []),
  ];
}

function profileRules(request: EndpointChainRequest, settings: FelixSettings, word: string): readonly FelixRule[] {
  return [
    ...request.profiles.flatMap((profile) => [
      felixRule("", `--jump ${profileChainName(request.direction, profile)}`),
      commentedRule("Return if profile accepted", marked(settings.marks.accept), "--jump RETURN"),
    ]),
    ...(settings.flowLogs ? [nflogRule("", request.direction, profilePrefix(request.direction))] : []),
    commentedRule(`${word} if no profiles matched`, "", `--jump ${settings.filterDenyAction}`),
  ];
}

/** A chain of an endpoint (felix/rules/endpoints.go, endpointIptablesChain). */
export function endpointChain(request: EndpointChainRequest, settings: FelixSettings): FelixChain {
  const name = endpointChainName(request.prefix, request.interfaceName);
  const word = settings.filterDenyAction === "DROP" ? "Drop" : "Reject";
  if (!request.adminUp) {
    return { name, rules: [commentedRule("Endpoint admin disabled", "", `--jump ${settings.filterDenyAction}`)] };
  }
  const tiers = request.tiers.filter((tier) => tier.groups.length > 0);
  const byDefault =
    request.kind === "forward" && request.tiers.length === 0
      ? [
          commentedRule("Allow forwarded traffic by default", "", setMark(settings.marks.accept)),
          commentedRule("Return for accepted forward traffic", "", "--jump RETURN"),
        ]
      : [];
  return {
    name,
    rules: [
      ...packetRateRules(request.limits, request.direction, settings),
      ...(request.kind === "untracked" ? [] : conntrackRules(request.allowAction, settings)),
      ...connectionLimitRules(request.limits, request.direction, settings),
      ...(request.failsafe === null ? [] : [felixRule("", `--jump ${request.failsafe}`)]),
      clearMark((settings.marks.accept | settings.marks.pass) >>> 0),
      ...encapsulationRules(request, settings, word),
      ...tiers.flatMap((tier) => tierRules(tier, request, settings, word)),
      ...byDefault,
      ...(request.kind === "normal" ? profileRules(request, settings, word) : []),
    ],
  };
}
