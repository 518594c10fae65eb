import type { KubeProxySettings } from "../../kubernetes/cluster-settings.ts";
import type { NftBaseChain } from "../../model/nft-base-chain.ts";
import { NO_ORIGIN, type Origin } from "../../model/origin.ts";
import { type FelixBand, isSince } from "./felix-settings.ts";
import type { FelixParameters } from "./parameters.ts";

/** A dataplane of Felix's whose rules are not rendered, and the setting that chose it. */
export interface UnmodelledMode {
  readonly name: "eBPF" | "nftables";
  readonly origin: Origin;
}

/**
 * Null where Felix uses iptables: unless eBPF is on, or nftables, which from v3.32 on it takes where kube-proxy does
 * (felix/config, NFTablesMode Auto).
 */
export function unmodelledMode(
  parameters: FelixParameters,
  band: FelixBand,
  kubeProxy: KubeProxySettings | null,
): UnmodelledMode | null {
  if (parameters.flag("bpfEnabled", false))
    return { name: "eBPF", origin: parameters.originOf("bpfEnabled") ?? NO_ORIGIN };
  const byDefault = isSince(band, "v3.32") ? "Auto" : "Disabled";
  const mode = parameters.choice("nftablesMode", ["Auto", "Disabled", "Enabled"], byDefault);
  const follows = mode === "Auto" && kubeProxy?.mode === "nftables";
  if (mode !== "Enabled" && !follows) return null;
  return { name: "nftables", origin: parameters.originOf("nftablesMode") ?? kubeProxy?.origin ?? NO_ORIGIN };
}

/** Stands for what such a mode decides: every packet that comes through, in, or out has an uncertain fate. */
export function modeBaseChains({ name, origin }: UnmodelledMode): readonly NftBaseChain[] {
  return (["input", "forward", "output"] as const).map((hook) => ({
    family: "inet",
    table: `Calico in mode ${name}`,
    chain: `filter-${hook.toUpperCase()}`,
    type: "filter",
    hook,
    priority: 0,
    policy: "accept",
    ruleCount: 1,
    origin,
  }));
}
