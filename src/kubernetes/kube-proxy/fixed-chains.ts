import { NO_ORIGIN } from "../../model/origin.ts";
import type { RestoreChain, RestoreHook, RestoreRule } from "../../model/restore-table.ts";
import type { Family } from "../../net/address.ts";
import { comment, markText } from "./rule-text.ts";

/** What decides about the rules that are there whatever the Services are. */
export interface FixedSettings {
  readonly family: Family;
  readonly masqueradeBit: number;
  /** nf_conntrack_tcp_be_liberal is set: packets outside the window are not INVALID, and none is dropped for it. */
  readonly tcpBeLiberal: boolean;
}

const NEW = "-m conntrack --ctstate NEW ";
const EXTERNAL = `${NEW}${comment("kubernetes externally-visible service portals")} -j KUBE-EXTERNAL-SERVICES`;
const FIREWALL = `${NEW}${comment("kubernetes load balancer firewall")} -j KUBE-PROXY-FIREWALL`;
const PORTALS = `${comment("kubernetes service portals")} -j KUBE-SERVICES`;
const KUBELET = "-j KUBE-FIREWALL";

function rules(...texts: readonly string[]): readonly RestoreRule[] {
  return texts.map((text) => ({ text, origin: NO_ORIGIN }));
}

function hook(chain: RestoreHook["chain"], ...texts: readonly string[]): RestoreHook {
  return { chain, mode: "insert", rules: rules(...texts) };
}

function chain(name: string, ...texts: readonly string[]): RestoreChain {
  return { name, rules: rules(...texts) };
}

/**
 * Jumps into the filter table's chains. kube-proxy puts each missing one to the top, so the last of its list ends up
 * first. The kubelet's are below where it wrote them first, which it does for IPv4 only (pkg/kubelet/kubelet_network_linux.go);
 * dumps of clusters from 1.27 on show them there.
 */
export function filterHooks(family: Family): readonly RestoreHook[] {
  const withKubelets = (...texts: readonly string[]): readonly string[] =>
    family === 4 ? [...texts, KUBELET] : [KUBELET, ...texts];
  const health = `${comment("kubernetes health check service ports")} -j KUBE-NODEPORTS`;
  const forward = `${comment("kubernetes forwarding rules")} -j KUBE-FORWARD`;
  return [
    hook("INPUT", ...withKubelets(FIREWALL, health, EXTERNAL)),
    hook("FORWARD", FIREWALL, forward, `${NEW}${PORTALS}`, EXTERNAL),
    hook("OUTPUT", ...withKubelets(FIREWALL, `${NEW}${PORTALS}`)),
  ];
}

export const NAT_HOOKS: readonly RestoreHook[] = [
  hook("PREROUTING", PORTALS),
  hook("OUTPUT", PORTALS),
  hook("POSTROUTING", `${comment("kubernetes postrouting rules")} -j KUBE-POSTROUTING`),
];

/** Empty chains by which kube-proxy and the kubelet notice that somebody flushed the tables. */
const CANARIES: readonly RestoreChain[] = [chain("KUBE-PROXY-CANARY"), chain("KUBE-KUBELET-CANARY")];

/** The kubelet's hint for those who ask which of the two iptables is in use. */
export const MANGLE_CHAINS: readonly RestoreChain[] = [chain("KUBE-IPTABLES-HINT"), ...CANARIES];

export function fixedNatChains({ masqueradeBit }: FixedSettings): readonly RestoreChain[] {
  const mark = markText(masqueradeBit);
  return [
    chain(
      "KUBE-POSTROUTING",
      `-m mark ! --mark ${mark}/${mark} -j RETURN`,
      `-j MARK --xor-mark ${mark}`,
      `${comment("kubernetes service traffic requiring SNAT")} -j MASQUERADE --random-fully`,
    ),
    chain("KUBE-MARK-MASQ", `-j MARK --or-mark ${mark}`),
    ...CANARIES,
  ];
}

export function fixedFilterChains(settings: FixedSettings): readonly RestoreChain[] {
  const mark = markText(settings.masqueradeBit);
  // the kubelet writes it whatever kube-proxy's settings are (pkg/kubelet/kubelet_network_linux.go)
  const localnet = `${comment("block incoming localnet connections")} -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP`;
  return [
    chain(
      "KUBE-FORWARD",
      ...(settings.tcpBeLiberal ? [] : ["-m conntrack --ctstate INVALID -j DROP"]),
      `${comment("kubernetes forwarding rules")} -m mark --mark ${mark}/${mark} -j ACCEPT`,
      `${comment("kubernetes forwarding conntrack rule")} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    ),
    chain("KUBE-FIREWALL", ...(settings.family === 4 ? [localnet] : [])),
    ...CANARIES,
  ];
}
