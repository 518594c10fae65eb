import { formatAddress } from "../../net/address.ts";
import { addressBits, formatPrefix, type Prefix } from "../../net/prefix.ts";
import { formatProtocol, SCTP, TCP, UDP } from "../../net/protocol.ts";
import type { LabelledAddresses } from "../labelled-addresses.ts";
import type { ServiceEndpoint } from "../policy-verdict.ts";
import { matchesSelector } from "../selector/matches-selector.ts";
import type { SetDefinition } from "./ip-set-names.ts";

const PROTOCOLS = { tcp: TCP, udp: UDP, sctp: SCTP } as const;

/** ipset refuses a prefix of length 0: its two halves stand for it (felix/labelindex/named_port_index.go). */
function members(net: Prefix): readonly string[] {
  if (net.length === addressBits(net.address.family)) return [formatAddress(net.address)];
  if (net.length > 0) return [formatPrefix(net)];
  return net.address.family === 4 ? ["0.0.0.0/1", "128.0.0.0/1"] : ["::/1", "8000::/1"];
}

/** The kernel's type of a set. */
export function setType(definition: SetDefinition): "hash:net" | "hash:ip,port" {
  switch (definition.kind) {
    case "selector":
      return "hash:net";
    case "named-port":
      return "hash:ip,port";
    case "service":
      return definition.ports ? "hash:ip,port" : "hash:net";
  }
}

/** The members of a set in one family, as ipset writes them, each once and in order. */
export function setMembers(
  definition: SetDefinition,
  family: 4 | 6,
  holders: readonly LabelledAddresses[],
  services: ReadonlyMap<string, readonly ServiceEndpoint[]>,
): readonly string[] {
  const found = new Set<string>();
  switch (definition.kind) {
    case "selector":
    case "named-port":
      for (const holder of holders) {
        if (!matchesSelector(definition.selector, (label) => holder.labels.get(label))) continue;
        const nets = holder.nets.filter((net) => net.address.family === family);
        if (definition.kind === "selector") for (const member of nets.flatMap(members)) found.add(member);
        else {
          const ports = holder.namedPorts.filter(
            (own) => own.name === definition.port && own.protocol === PROTOCOLS[definition.protocol],
          );
          for (const net of nets)
            for (const { port } of ports) found.add(`${formatAddress(net.address)},${definition.protocol}:${port}`);
        }
      }
      break;
    case "service":
      for (const { address, ports } of services.get(definition.service) ?? []) {
        if (address.family !== family) continue;
        if (!definition.ports) found.add(formatAddress(address));
        else
          for (const own of ports) found.add(`${formatAddress(address)},${formatProtocol(own.protocol)}:${own.port}`);
      }
      break;
  }
  return [...found].sort();
}
