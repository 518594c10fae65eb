import type { SetMember } from "../../model/ip-set.ts";
import { NO_ORIGIN, type Origin } from "../../model/origin.ts";
import { type Address, compareAddresses, type Family } from "../../net/address.ts";
import { addressBits, hostPrefix, type Prefix, prefixContains, prefixOf } from "../../net/prefix.ts";
import { SCTP, TCP, UDP } from "../../net/protocol.ts";
import type { ClassIndex } from "../class-index.ts";
import { addressesOfPod, type UnlabelledAddresses } from "../labelled-class.ts";
import type { Selector } from "../selector/selector.ts";
import type { ServiceEndpoints } from "../service-endpoints.ts";
import type { SetDefinition } from "./ip-set-names.ts";

const PROTOCOLS = { tcp: TCP, udp: UDP, sctp: SCTP } as const;

/** The kernel's type of a set. */
export function setType(definition: SetDefinition): "hash:net" | "hash:ip" | "hash:ip,port" {
  switch (definition.kind) {
    case "selector":
      return "hash:net";
    case "mesh":
      return "hash:ip";
    case "named-port":
      return "hash:ip,port";
    case "service":
      return definition.ports ? "hash:ip,port" : "hash:net";
  }
}

function member(prefix: Prefix, port: { readonly protocol: number; readonly port: number } | null, origin: Origin) {
  const net = { kind: "net", prefix } as const;
  const elements =
    port === null
      ? [net]
      : [net, { kind: "port", protocol: port.protocol, first: port.port, last: port.port } as const];
  return { elements, nomatch: false, timeout: null, origin };
}

/** ipset refuses a prefix of length 0: its two halves stand for it (felix/labelindex/named_port_index.go). */
function halves({ address, length }: Prefix): readonly Prefix[] {
  if (length > 0) return [{ address, length }];
  const { family } = address;
  return [prefixOf(address, 1), prefixOf({ family, a: 0x80000000, b: 0, c: 0, d: 0 }, 1)];
}

function portOf(one: SetMember): number {
  const [, port] = one.elements;
  return port?.kind === "port" ? (port.protocol ?? 0) * 65536 + port.first : 0;
}

/** The network, or the address as one, that a member of Felix's begins with. */
export function memberNet(one: SetMember): Prefix {
  const [net] = one.elements;
  if (net?.kind !== "net") throw new TypeError("Felix's members begin with an address");
  return net.prefix;
}

/** Each member once, in the order of addresses: what is there does not depend on the order of the resources. */
export function distinctMembers(members: readonly SetMember[]): readonly SetMember[] {
  const sorted = [...members].sort((x, y) => {
    const [a, b] = [memberNet(x), memberNet(y)];
    return compareAddresses(a.address, b.address) || a.length - b.length || portOf(x) - portOf(y);
  });
  return sorted.filter((one, i) => {
    const before = sorted[i - 1];
    if (before === undefined) return true;
    const [a, b] = [memberNet(before), memberNet(one)];
    return compareAddresses(a.address, b.address) !== 0 || a.length !== b.length || portOf(before) !== portOf(one);
  });
}

/** A network, and where it comes from. */
export interface MemberNet {
  readonly net: Prefix;
  readonly origin: Origin;
}

/** Members in order, without networks that are inside others of them (felix/labelindex, overlap suppression). */
export function withoutContained(members: readonly SetMember[]): readonly SetMember[] {
  let last: Prefix | null = null;
  return members.filter((one) => {
    const net = memberNet(one);
    if (last !== null && last.length <= net.length && prefixContains(last, net.address)) return false;
    last = net;
    return true;
  });
}

/** The members of a set of networks. */
export function netMembers(nets: readonly MemberNet[], family: Family): readonly SetMember[] {
  const ours = nets.filter(({ net }) => net.address.family === family);
  return distinctMembers(ours.flatMap(({ net, origin }) => halves(net).map((half) => member(half, null, origin))));
}

/** The members of a set of addresses. */
export function addressMembers(addresses: readonly Address[], family: Family): readonly SetMember[] {
  return netMembers(
    addresses.map((address) => ({ net: hostPrefix(address), origin: NO_ORIGIN })),
    family,
  );
}

function chosenBy(selector: Selector, classes: ClassIndex): readonly UnlabelledAddresses[] {
  return classes.chosenBy(selector).flatMap(({ pods, others }) => [...pods.map(addressesOfPod), ...others]);
}

/** The members of a set of who has addresses, in one family. */
export function membersOfHolders(
  definition: Exclude<SetDefinition, { readonly kind: "service" }>,
  family: Family,
  holders: readonly UnlabelledAddresses[],
): readonly SetMember[] {
  if (definition.kind !== "named-port") {
    return netMembers(
      holders.flatMap(({ nets, origin }) => nets.map((net) => ({ net, origin }))),
      family,
    );
  }
  const protocol = PROTOCOLS[definition.protocol];
  return distinctMembers(
    holders.flatMap(({ nets, namedPorts, origin }) => {
      const ports = namedPorts.filter((own) => own.name === definition.port && own.protocol === protocol);
      const ours = nets.filter(({ address, length }) => address.family === family && length === addressBits(family));
      return ours.flatMap((net) => ports.map((port) => member(net, port, origin)));
    }),
  );
}

/** The members of a set in one family. */
export function setMembers(
  definition: SetDefinition,
  family: Family,
  classes: ClassIndex,
  services: ServiceEndpoints,
): readonly SetMember[] {
  if (definition.kind !== "service")
    return membersOfHolders(definition, family, chosenBy(definition.selector, classes));
  const endpoints = services(definition.service).filter(({ address }) => address.family === family);
  const origin = NO_ORIGIN;
  return distinctMembers(
    endpoints.flatMap(({ address, ports }) =>
      definition.ports
        ? ports.map((port) => member(hostPrefix(address), port, origin))
        : [member(hostPrefix(address), null, origin)],
    ),
  );
}
