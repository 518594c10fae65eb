import type { InterfaceKind } from "../../model/interface.ts";
import type { WrittenInterface } from "./written-interface.ts";

/** `info_kind` of rtnetlink. Kinds that are not listed are `other`. */
const KINDS: ReadonlyMap<string, InterfaceKind> = new Map([
  ["veth", "veth"],
  ["bridge", "bridge"],
  ["vxlan", "vxlan"],
  ["ipip", "ipip"],
  ["wireguard", "wireguard"],
  ["dummy", "dummy"],
  ["vlan", "vlan"],
  ["bond", "bond"],
  ["macvlan", "macvlan"],
  ["macvtap", "macvlan"],
  ["tun", "tun"],
]);

/** Names that say the kind where `-d` was left out, by convention of the software that makes them. */
const BY_NAME: readonly (readonly [RegExp, InterfaceKind])[] = [
  [/^tunl\d+$/, "ipip"],
  [/^(?:vxlan|flannel\.\d)/, "vxlan"],
  [/^(?:cali|veth)/, "veth"],
  [/^(?:docker0|br-.*|cni0|virbr\d*|cbr0)$/, "bridge"],
  [/^(?:wg\d*|wireguard\.cali|wg-v6\.cali)$/, "wireguard"],
  [/^(?:dummy\d*|kube-ipvs0|nodelocaldns)$/, "dummy"],
  [/^bond[^.]*$/, "bond"],
  [/^(?:tun|tap)\d+$/, "tun"],
];

const PHYSICAL = /^(?:eth|en|wl|ib)/;
const VLAN = /(?:\.\d{1,4}$)|(?:^vlan\d)/;

/**
 * What a device is. With `-d` the kernel says it, and a device without a kind is hardware (or virtio); without, the link type
 * and the name do. `mutual`: the device after the `@` names this one after its own, which only veth pairs do.
 */
export function interfaceKind(written: WrittenInterface, mutual: boolean): InterfaceKind {
  if (written.linkType === "loopback" || written.name === "lo") return "loopback";
  if (written.kind !== null) return KINDS.get(written.kind) ?? "other";
  if (written.linkType === "ipip") return "ipip";
  if (written.detailed) return written.linkType === "ether" || written.linkType === "infiniband" ? "physical" : "other";
  const named = byConvention(written.name);
  if (named !== null) return named;
  const inNamespace = written.netnsId !== null || written.netnsName !== null;
  if (mutual || (inNamespace && /^if\d+$/.test(written.peer ?? ""))) return "veth";
  if (written.peer !== null && written.peer !== "NONE") return VLAN.test(written.name) ? "vlan" : "other";
  return PHYSICAL.test(written.name) ? "physical" : "other";
}

/** What a device is by its name alone. */
export function kindByName(name: string): InterfaceKind {
  if (name === "lo") return "loopback";
  return byConvention(name) ?? (VLAN.test(name) ? "vlan" : PHYSICAL.test(name) ? "physical" : "other");
}

function byConvention(name: string): InterfaceKind | null {
  for (const [pattern, kind] of BY_NAME) if (pattern.test(name)) return kind;
  return null;
}
