import type { BirdInterface, Evidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import type { Host } from "../model/host.ts";
import type { InterfaceAddress } from "../model/interface.ts";
import type { Network } from "../model/network.ts";
import { type OriginTable, sourceOf } from "../model/origin.ts";
import { type Family, formatAddress, sameAddress } from "../net/address.ts";

/** Where BIRD's list of interfaces (`birdc show interfaces`) and `ip addr` of the same machine differ: one of them is of another time. */
export function birdInterfaces(
  { hosts, origins }: Network,
  evidence: ReadonlyMap<string, Evidence>,
): readonly Finding[] {
  return [...evidence].flatMap(([name, { birdInterfaces: listed }]) => {
    const host = hosts.get(name);
    // interfaces that nobody dumped differ in nothing
    if (host === undefined || listed.length === 0 || host.interfaces.size === 0) return [];
    const families = new Set(listed.flatMap(({ addresses }) => addresses.map(({ address }) => address.family)));
    return listed.flatMap((one) => differences(host, one, families, origins));
  });
}

function differences(
  { name, interfaces }: Host,
  listed: BirdInterface,
  families: ReadonlySet<Family>,
  origins: OriginTable,
): readonly Finding[] {
  const told = (message: string, origin = listed.origin): Finding => {
    const source = sourceOf(origins, origin);
    return {
      code: "bird-interface-otherwise",
      severity: "warning",
      message: `${message}: the dumps are of different times, or BIRD has not noticed.`,
      ...(source === null ? {} : { file: source.file, line: source.line }),
    };
  };
  const own = interfaces.get(listed.name);
  if (own === undefined) return [told(`BIRD on ${name} lists an interface ${listed.name}, and ip addr does not`)];
  const found: Finding[] = [];
  if (listed.mtu !== null && listed.mtu !== own.mtu) {
    found.push(told(`BIRD on ${name} has ${listed.name} with an MTU of ${listed.mtu}, and ip addr says ${own.mtu}`));
  }
  for (const { address, length, origin } of listed.addresses) {
    if (own.addresses.some((one) => isOf(one, address, length))) continue;
    const text = `${formatAddress(address)}/${length}`;
    found.push(told(`BIRD on ${name} has ${text} on ${listed.name}, and ip addr does not`, origin));
  }
  for (const one of own.addresses) {
    const { address, prefixLength, dad } = one;
    // BIRD 1.6 lists one family, and waits for the kernel's test for duplicates; it says less of link-local addresses
    if (!families.has(address.family) || (dad !== undefined && dad !== null) || isLinkLocal(one)) continue;
    if (listed.addresses.some((item) => isOf(one, item.address, item.length))) continue;
    found.push(
      told(`ip addr of ${name} has ${formatAddress(address)}/${prefixLength} on ${listed.name}, and BIRD does not`),
    );
  }
  return found;
}

function isOf(one: InterfaceAddress, address: InterfaceAddress["address"], length: number): boolean {
  return sameAddress(one.address, address) && one.prefixLength === length;
}

function isLinkLocal({ address }: InterfaceAddress): boolean {
  return address.family === 6 && (address.a & 0xffc00000) >>> 0 === 0xfe800000;
}
