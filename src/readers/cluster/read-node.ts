import type { DeclaredNode } from "../../calico/declared-node.ts";
import { complain, elements, type Field, integer, isRecord, member, text, textMap } from "../../kubernetes/field.ts";
import { deriveConnectedRoutes } from "../../linux/routing/derive-connected-routes.ts";
import { deriveLocalRoutes } from "../../linux/routing/derive-local-routes.ts";
import type { Interface } from "../../model/interface.ts";
import { type DescriptionReading, keysOfElements, readMachineRoutes } from "../fabric/description-reading.ts";
import { readListen } from "../fabric/listen.ts";
import {
  loopback,
  NODE_INTERFACE_KEYS,
  readAddressList,
  readInterface,
  withLinkLayer,
} from "../fabric/read-interface.ts";
import type { UnknownKey } from "../known-keys.ts";
import type { OtherFile } from "./nodes-file.ts";
import { readFirewall } from "./read-firewall.ts";

export const NODE_KEYS = [
  "addresses",
  "interfaces",
  "mtu",
  "gateway",
  "routes",
  "sysctls",
  "firewall",
  "listen",
  "labels",
  "allocatable",
  "asNumber",
];

export interface NodeReading extends DescriptionReading {
  readonly other: OtherFile;
}

/**
 * One node of `nodes.yaml`. Mappings (`labels`, `sysctls`) of `defaults` are completed by the node's own; everything else the
 * node says counts in place of the default.
 */
export function readNode(
  name: string,
  field: Field,
  defaults: Field,
  unknown: UnknownKey[],
  reading: NodeReading,
): DeclaredNode {
  const own = (key: string): Field => {
    const written = member(field, key);
    return written.value === undefined ? member(defaults, key) : written;
  };
  const both = (key: string): ReadonlyMap<string, string> =>
    new Map([...scalars(member(defaults, key)), ...scalars(member(field, key))]);
  const interfaces = readInterfaces(field, own, reading).map((device) => withLinkLayer(name, device));
  unknown.push(...keysOfElements(member(field, "interfaces"), NODE_INTERFACE_KEYS));
  const listen = own("listen");
  const asNumber = integer(own("asNumber"));
  const firewall = readFirewall(own("firewall"), unknown, reading);
  return {
    name,
    labels: new Map([...textMap(member(defaults, "labels")), ...textMap(member(field, "labels"))]),
    interfaces,
    routes: [
      ...deriveConnectedRoutes(interfaces),
      ...readRoutesOf(own("gateway"), own("routes"), interfaces, reading),
      ...deriveLocalRoutes(interfaces, () => true),
    ],
    sysctls: both("sysctls"),
    firewall: firewall.rulesets,
    nftBaseChains: firewall.nftBaseChains,
    sockets: readListen(listen, reading),
    bgpIPv4: null,
    bgpIPv6: null,
    asNumber,
    podCIDRs: [],
    origin: reading.originOf(field),
  };
}

function readInterfaces(field: Field, own: (key: string) => Field, reading: NodeReading): readonly Interface[] {
  const mtu = integer(own("mtu")) ?? 1500;
  const devices: Interface[] = [loopback()];
  const list = own("interfaces");
  for (const entry of elements(list)) {
    const device = readInterface(entry, { index: devices.length + 1, mtu }, reading);
    if (device === null) continue;
    if (devices.some((other) => other.name === device.name)) {
      complain({ ...member(entry, "name"), value: device.name }, "a name that no other interface of the node has");
      continue;
    }
    devices.push(device);
  }
  // most machines have one card: `addresses` beside the name are those of eth0
  const short = member(field, "addresses");
  if (short.value !== undefined) {
    const addresses = readAddressList(short, reading);
    const eth0 = devices.findIndex(({ name }) => name === "eth0");
    const known = devices[eth0];
    if (known !== undefined) devices[eth0] = { ...known, addresses: [...known.addresses, ...addresses] };
    else {
      const index = devices.length + 1;
      const made = readInterface({ ...field, value: { name: "eth0" } }, { index, mtu }, reading);
      if (made !== null) devices.push({ ...made, addresses });
    }
  }
  if (devices.length === 1) complain(field, "`addresses: [172.16.0.10/24]`, or `interfaces`");
  const names = new Set(devices.map((device) => device.name));
  for (const [i, entry] of elements(list).entries()) {
    for (const key of ["lower", "master"]) {
      const other = member(entry, key);
      const written = text(other);
      if (written !== null && !names.has(written))
        complain(other, `an interface of the node (interfaces[${i}] names it)`);
    }
  }
  return devices;
}

function readRoutesOf(
  gateway: Field,
  routes: Field,
  devices: readonly Interface[],
  reading: NodeReading,
): DeclaredNode["routes"] {
  const gateways = typeof gateway.value === "string" ? [gateway] : elements(gateway);
  const defaults = gateways.flatMap((address) => {
    const written = text(address);
    return written === null ? [] : [{ ...address, value: `default via ${written}` }];
  });
  return readMachineRoutes([...defaults, ...elements(routes)], devices, reading);
}

/** A mapping whose values people write as numbers too: `net.ipv4.ip_forward: 1`. */
function scalars(field: Field): ReadonlyMap<string, string> {
  if (!isRecord(field.value)) return textMap(field);
  const map = new Map<string, string>();
  for (const key of Object.keys(field.value)) {
    const { value } = member(field, key);
    if (typeof value === "string" || typeof value === "number") map.set(key, String(value));
    else complain(member(field, key), "a number or a string");
  }
  return map;
}
