import type { Speaker } from "../../bgp/speaker/speaker.ts";
import type { Interface, InterfaceAddress, InterfaceKind } from "../../model/interface.ts";
import { type Address, compareAddresses, formatAddress, isLoopback } from "../../net/address.ts";
import { addressBits, parsePrefix, prefixContains } from "../../net/prefix.ts";

/**
 * What `birdc show interfaces` (or `show interfaces summary`) prints, as BIRD 1.6.8 does (if_show() of nest/iface.c; held against the real one by
 * test/kernel/bird/interfaces.test.ts). Flags that no dump keeps are those with which the kernel makes devices of the kind.
 */
export function interfacesText({ runtime, configuration: { family } }: Speaker, summary: boolean): string {
  const devices = [...runtime.host.interfaces.values()].sort((x, y) => x.index - y.index);
  if (summary)
    return ["interface state address", ...devices.map((device) => summaryRow(device, family)), ""].join("\n");
  return [...devices.flatMap((device) => rows(device, family)), ""].join("\n");
}

function summaryRow(device: Interface, family: 4 | 6): string {
  const primary = primaryOf(device, family);
  const address = primary === null ? "" : `${formatAddress(primary.address)}/${primary.prefixLength}`;
  return `${device.name.padEnd(9)} ${stateOf(device, primary).padEnd(5)} ${address}`;
}

function rows(device: Interface, family: 4 | 6): readonly string[] {
  const { name, index, kind, up, carrier, mtu } = device;
  const primary = primaryOf(device, family);
  const flags = [
    ...flagsOf(device),
    up ? "AdminUp" : "AdminDown",
    up && carrier ? "LinkUp" : "LinkDown",
    ...(kind === "loopback" ? ["Loopback", "Ignored"] : []),
  ];
  return [
    `${name} ${stateOf(device, primary)} (index=${index})`,
    `\t${flags.join(" ")} MTU=${mtu}`,
    ...addressesOf(device, family).map((address) => addressRow(address, address === primary)),
  ];
}

/** IF_UP: a device without an address of the family is down to BIRD. */
function stateOf({ up }: Interface, primary: InterfaceAddress | null): string {
  return up && primary !== null ? "up" : "DOWN";
}

const NO_BROADCAST: ReadonlySet<InterfaceKind> = new Set(["loopback", "ipip", "wireguard", "tun"]);
const NO_MULTICAST: ReadonlySet<InterfaceKind> = new Set(["loopback", "ipip", "wireguard", "dummy"]);

function flagsOf({ kind, ipip, noArp }: Interface): readonly string[] {
  // a tun device has NOARP, a tap device is an Ethernet
  const isPair = kind === "wireguard" || (kind === "ipip" && ipip?.remote != null) || (kind === "tun" && noArp);
  const isEthernet = !NO_BROADCAST.has(kind) || (kind === "tun" && !noArp);
  return [
    isPair ? "PtP" : "MultiAccess",
    ...(isEthernet ? ["Broadcast"] : []),
    ...(NO_MULTICAST.has(kind) ? [] : ["Multicast"]),
  ];
}

/**
 * ifa_recalc_primary(): each that becomes the primary one when it is noticed goes to the front. Addresses that are still tested for duplicates
 * are not there yet.
 */
function addressesOf({ addresses }: Interface, family: 4 | 6): readonly InterfaceAddress[] {
  const list: InterfaceAddress[] = [];
  let primary: InterfaceAddress | null = null;
  for (const one of addresses) {
    if (one.address.family !== family || one.dad === "tentative") continue;
    if (!one.secondary && (primary === null || isPreferred(one.address, primary.address))) {
      primary = one;
      list.unshift(one);
    } else list.push(one);
  }
  return list;
}

/** kif_choose_primary(): the lowest of those that reach beyond the link, else the lowest of all. */
function primaryOf(device: Interface, family: 4 | 6): InterfaceAddress | null {
  const [first] = addressesOf(device, family);
  return first === undefined || first.secondary ? null : first;
}

function isPreferred(one: Address, best: Address): boolean {
  const [reaches, bestReaches] = [one, best].map((address) => !["host", "link"].includes(scopeOf(address)));
  return reaches === bestReaches ? compareAddresses(one, best) < 0 : reaches === true;
}

function addressRow({ address, prefixLength, peer, secondary }: InterfaceAddress, isPrimary: boolean): string {
  const role = isPrimary ? "Primary" : secondary ? "Secondary" : "Unselected";
  const isAlone = prefixLength === addressBits(address.family);
  const opposite = isAlone ? peer : oppositeOf(address, prefixLength);
  const facing = opposite === null ? "" : `, opposite ${formatAddress(opposite)}`;
  return `\t${formatAddress(address)}/${prefixLength} (${role}${facing}, scope ${scopeOf(address)})`;
}

/** The other end of a subnet of two, and of four in IPv4. */
function oppositeOf(address: Address, length: number): Address | null {
  if (address.family === 6) return length === 127 ? { ...address, d: (address.d ^ 1) >>> 0 } : null;
  if (length === 31) return { ...address, a: (address.a ^ 1) >>> 0 };
  return length === 30 ? { ...address, a: (address.a ^ 3) >>> 0 } : null;
}

const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"].flatMap(
  (text) => parsePrefix(text) ?? [],
);
const LINK_LOCAL = ["fe80::/10"].flatMap((text) => parsePrefix(text) ?? []);

/** ipa_classify() of lib/ipv4.c and lib/ipv6.c: link-local addresses of IPv4 are as any other. */
function scopeOf(address: Address): "host" | "link" | "site" | "univ" {
  if (isLoopback(address)) return "host";
  if (LINK_LOCAL.some((prefix) => prefixContains(prefix, address))) return "link";
  return PRIVATE.some((prefix) => prefixContains(prefix, address)) ? "site" : "univ";
}
