import type { RestoreChain } from "../../model/restore-table.ts";
import type { TableName } from "../../model/ruleset.ts";
import type { LabelledClass } from "../labelled-class.ts";
import { ANY_INTERFACE } from "./active-host-endpoints.ts";
import { hostDispatchChains } from "./dispatch-chains.ts";
import { type EndpointChainRequest, type EndpointTier, endpointChain } from "./endpoint-chain.ts";
import type { PolicyListKind } from "./endpoint-tiers.ts";
import type { FelixContext } from "./felix-context.ts";
import type { FelixChain } from "./felix-rule.ts";
import type { FelixSettings } from "./felix-settings.ts";
import { NO_LIMITS } from "./qos-limits.ts";
import { restoreChain } from "./restore-chain.ts";

/** An interface of the host with its endpoint's labels and profiles; `any-interface-at-all` for all others. */
export interface HostInterface {
  readonly name: string;
  readonly endpoint: LabelledClass;
}

export type HostChains = ReadonlyMap<TableName, readonly RestoreChain[]>;

/** Both directions' tiers of one kind of policies, one without any where only the other direction has policies. */
function tiersOf(context: Pick<FelixContext, "tiersOf">, endpoint: LabelledClass, kind: PolicyListKind) {
  const ingress = context.tiersOf(endpoint, "ingress", kind);
  const egress = context.tiersOf(endpoint, "egress", kind);
  const empty = (tiers: readonly EndpointTier[]): readonly EndpointTier[] =>
    tiers.map((tier) => ({ ...tier, groups: [] }));
  return {
    ingress: ingress.length > 0 ? ingress : empty(egress),
    egress: egress.length > 0 ? egress : empty(ingress),
    exists: ingress.length + egress.length > 0,
  };
}

const NEVER_DROPS = { vxlan: false, ipip: false };

/**
 * The chains of a node's host endpoints in each table (felix/dataplane/linux/endpoint_mgr.go, updateHostEndpoints;
 * felix/rules/endpoints.go). Untracked policies of the endpoint for all interfaces are not supported, as upstream has it.
 */
export function hostChains(
  interfaces: readonly HostInterface[],
  context: Pick<FelixContext, "tiersOf">,
  settings: FelixSettings,
): HostChains {
  const raw: FelixChain[] = [];
  const mangle: FelixChain[] = [];
  const filter: FelixChain[] = [];
  const untracked: string[] = [];
  const preDNAT: string[] = [];
  for (const { name, endpoint } of interfaces) {
    const chain = (
      prefix: string,
      kind: PolicyListKind,
      direction: "ingress" | "egress",
      allowAction: EndpointChainRequest["allowAction"],
      tiers: readonly EndpointTier[],
    ): FelixChain =>
      endpointChain(
        {
          prefix,
          interfaceName: name,
          direction,
          kind,
          adminUp: true,
          tiers,
          profiles: endpoint.profiles,
          failsafe: kind === "forward" ? null : direction === "ingress" ? "cali-failsafe-in" : "cali-failsafe-out",
          allowAction,
          dropsEncapsulated: NEVER_DROPS,
          limits: NO_LIMITS,
        },
        settings,
      );
    const normal = tiersOf(context, endpoint, "normal");
    const forward = tiersOf(context, endpoint, "forward");
    const { filterAllowAction } = settings;
    filter.push(
      chain("cali-th-", "normal", "egress", filterAllowAction, normal.egress),
      chain("cali-fh-", "normal", "ingress", filterAllowAction, normal.ingress),
      chain("cali-thfw-", "forward", "egress", filterAllowAction, forward.egress),
      chain("cali-fhfw-", "forward", "ingress", filterAllowAction, forward.ingress),
    );
    mangle.push(chain("cali-th-", "normal", "egress", "RETURN", normal.egress));
    const before = tiersOf(context, endpoint, "preDNAT");
    if (before.exists) {
      preDNAT.push(name);
      mangle.push(chain("cali-fh-", "preDNAT", "ingress", settings.mangleAllowAction, before.ingress));
    }
    const without = tiersOf(context, endpoint, "untracked");
    if (without.exists && name !== ANY_INTERFACE) {
      untracked.push(name);
      raw.push(
        chain("cali-th-", "untracked", "egress", "ACCEPT", without.egress),
        chain("cali-fh-", "untracked", "ingress", "ACCEPT", without.ingress),
      );
    }
  }
  const names = interfaces.map(({ name }) => name);
  const [from, to] = ["cali-from-host-endpoint", "cali-to-host-endpoint"] as const;
  const chains = new Map<TableName, readonly FelixChain[]>([
    [
      "raw",
      [
        ...hostDispatchChains(from, untracked, "in", "cali-fh-"),
        ...hostDispatchChains(to, untracked, "out", "cali-th-"),
        ...raw,
      ],
    ],
    [
      "mangle",
      [
        ...hostDispatchChains(from, preDNAT, "in", "cali-fh-"),
        ...hostDispatchChains(to, names, "out", "cali-th-", settings.interfacePrefixes),
        ...mangle,
      ],
    ],
    [
      "filter",
      [
        ...hostDispatchChains(from, names, "in", "cali-fh-"),
        ...hostDispatchChains(to, names, "out", "cali-th-"),
        ...hostDispatchChains("cali-from-hep-forward", names, "in", "cali-fhfw-"),
        ...hostDispatchChains("cali-to-hep-forward", names, "out", "cali-thfw-"),
        ...filter,
      ],
    ],
  ]);
  return new Map([...chains].map(([table, list]) => [table, list.map(restoreChain)]));
}
