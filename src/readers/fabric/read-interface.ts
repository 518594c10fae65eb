import { complain, elements, type Field, flag, integer, member, parsed, text } from "../../kubernetes/field.ts";
import {
  type Interface,
  type InterfaceAddress,
  type InterfaceKind,
  interfaceAddress,
  networkInterface,
} from "../../model/interface.ts";
import { type Address, ipv4, ipv6, isLinkLocal } from "../../net/address.ts";
import { parseInterfaceAddress } from "../../net/prefix.ts";
import { parseMac } from "../ip/mac.ts";
import type { DescriptionReading } from "./description-reading.ts";

export const INTERFACE_KEYS = ["name", "mac", "mtu", "addresses"];
/** What the interface of a node may say besides. */
export const NODE_INTERFACE_KEYS = [...INTERFACE_KEYS, "kind", "vlan", "lower", "master", "up"];

const KINDS: readonly InterfaceKind[] = ["physical", "vlan", "bond", "bridge", "dummy", "macvlan", "veth"];

export function loopback(): Interface {
  return networkInterface({
    name: "lo",
    index: 1,
    mac: "00:00:00:00:00:00",
    addresses: [interfaceAddress({ address: ipv4(0x7f000001), prefixLength: 8, scope: "host" })],
  });
}

/** An interface as a person describes it; null without a name. `mtu` and `index` are those of one that does not say. */
export function readInterface(
  field: Field,
  rest: { readonly index: number; readonly mtu: number },
  reading: DescriptionReading,
): Interface | null {
  const name = text(member(field, "name"));
  if (name === null || name === "") {
    complain(member(field, "name"), "the name of the interface");
    return null;
  }
  const kindField = member(field, "kind");
  const written = text(kindField);
  const kind = KINDS.find((one) => one === written);
  if (written !== null && kind === undefined) complain(kindField, KINDS.join(", "));
  const mtuField = member(field, "mtu");
  const mtu = integer(mtuField);
  if (mtu !== null && (mtu < 68 || mtu > 65536)) complain(mtuField, "bytes, from 68 to 65536");
  const vlanId = integer(member(field, "vlan"));
  return networkInterface({
    name,
    index: rest.index,
    kind: kind ?? (vlanId === null ? "physical" : "vlan"),
    vlanId,
    lower: text(member(field, "lower")),
    master: text(member(field, "master")),
    mac: parsed(member(field, "mac"), parseMac, "a MAC address"),
    mtu: mtu === null || mtu < 68 || mtu > 65536 ? rest.mtu : mtu,
    up: flag(member(field, "up")) ?? true,
    carrier: flag(member(field, "up")) ?? true,
    bridge: kind === "bridge" ? { vlanFiltering: false, nfCallIptables: false, nfCallIp6tables: false } : null,
    origin: reading.originOf(field),
    addresses: readAddressList(member(field, "addresses"), reading),
  });
}

/**
 * The interface with what its kernel gives it: a MAC address, where nobody says one, that follows from the names; and a
 * link-local address beside others of IPv6 (EUI-64, RFC 4291 appendix A).
 */
export function withLinkLayer(host: string, device: Interface): Interface {
  if (device.kind === "loopback") return device;
  const mac = device.mac ?? macOfNames(host, device.name);
  const own = { ...device, mac };
  const has = (test: (one: InterfaceAddress) => boolean): boolean => device.addresses.some(test);
  if (
    !has(({ address }) => address.family === 6) ||
    has(({ address }) => address.family === 6 && isLinkLocal(address))
  ) {
    return own;
  }
  const linkLocal = interfaceAddress({
    address: linkLocalOf(mac),
    prefixLength: 64,
    scope: "link",
    origin: device.origin,
  });
  return { ...own, addresses: [...device.addresses, linkLocal] };
}

/** Locally administered, by FNV-1a of the names. */
function macOfNames(host: string, device: string): string {
  let hash = 0x811c9dc5;
  for (const character of `${host} ${device}`) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
  const bytes = [0x02, 0x50, hash >>> 24, (hash >>> 16) & 255, (hash >>> 8) & 255, hash & 255];
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

function linkLocalOf(mac: string): Address {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac.split(":").map((byte) => Number.parseInt(byte, 16));
  return ipv6(
    0xfe800000,
    0,
    (((a ^ 2) << 24) | (b << 16) | (c << 8) | 0xff) >>> 0,
    (0xfe000000 | (d << 16) | (e << 8) | f) >>> 0,
  );
}

/** `[10.0.253.1/24, fd00::1/64]`. */
export function readAddressList(field: Field, reading: DescriptionReading): Interface["addresses"] {
  return elements(field).flatMap((entry) => {
    const value = parsed(entry, parseInterfaceAddress, "an address such as 10.0.253.1/24");
    if (value === null) return [];
    return [interfaceAddress({ address: value.address, prefixLength: value.length, origin: reading.originOf(entry) })];
  });
}
