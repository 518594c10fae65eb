import type { Origin } from "../model/origin.ts";
import { type Address, parseAddress, sameAddress } from "../net/address.ts";
import { complain, type Field, integer, listOf, member, text, textMap } from "./field.ts";
import { type Metadata, readMetadata } from "./metadata.ts";
import { protocolField } from "./protocol-field.ts";

export interface ServicePort {
  readonly name: string;
  readonly protocol: number;
  readonly port: number;
  /** A number, the name of a container port, or null: the same as `port`. */
  readonly targetPort: number | string | null;
  /** 0 when there is none. */
  readonly nodePort: number;
}

/** A v1 Service. */
export interface Service {
  readonly metadata: Metadata;
  /** `ClusterIP`, `NodePort`, `LoadBalancer`, `ExternalName`. */
  readonly type: string;
  /** Empty for a headless service. */
  readonly clusterIPs: readonly Address[];
  readonly ports: readonly ServicePort[];
  /** False where the source tells the ports and not where they lead to. */
  readonly targetPortsTold: boolean;
  /** Empty for a service whose endpoints are written by hand. */
  readonly selector: ReadonlyMap<string, string>;
}

/** `None` and the empty string stand for no address. */
function clusterIP(field: Field): Address | null {
  const written = text(field);
  if (written === null || written === "" || written === "None") return null;
  const address = parseAddress(written);
  if (address === null) complain(field, 'an IP address or "None"');
  return address;
}

function readPort(field: Field): ServicePort | null {
  const port = integer(member(field, "port"));
  const protocol = protocolField(member(field, "protocol"));
  if (port === null || protocol === null) return null;
  const target = member(field, "targetPort");
  const targetPort = typeof target.value === "number" ? integer(target) : text(target);
  return {
    name: text(member(field, "name")) ?? "",
    protocol,
    port,
    targetPort: targetPort === 0 || targetPort === "" ? null : targetPort,
    nodePort: integer(member(field, "nodePort")) ?? 0,
  };
}

/** `untold` names the fields that the source does not tell. */
export function readService(resource: Field, origin: Origin, untold?: ReadonlySet<string>): Service {
  const spec = member(resource, "spec");
  const listed = listOf(member(spec, "clusterIPs"), clusterIP);
  const first = clusterIP(member(spec, "clusterIP"));
  return {
    metadata: readMetadata(resource, origin),
    type: text(member(spec, "type")) ?? "ClusterIP",
    clusterIPs: first === null || listed.some((address) => sameAddress(address, first)) ? listed : [first, ...listed],
    ports: listOf(member(spec, "ports"), readPort),
    targetPortsTold: untold?.has("spec.ports.targetPort") !== true,
    selector: textMap(member(spec, "selector")),
  };
}
