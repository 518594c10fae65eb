import { addressField } from "../kubernetes/address-field.ts";
import { complain, type Field, integer, listOf, member, text } from "../kubernetes/field.ts";
import { type Metadata, readMetadata } from "../kubernetes/metadata.ts";
import { protocolField } from "../kubernetes/protocol-field.ts";
import type { Origin } from "../model/origin.ts";
import type { Address } from "../net/address.ts";
import type { NamedPort } from "./labelled-addresses.ts";

/** A projectcalico.org/v3 HostEndpoint: an interface of a node, or all of them, that policies hold for. */
export interface HostEndpoint {
  readonly metadata: Metadata;
  readonly node: string;
  /** `*` for all interfaces; the empty string where the addresses say which one. */
  readonly interfaceName: string;
  readonly expectedIPs: readonly Address[];
  readonly profiles: readonly string[];
  readonly ports: readonly NamedPort[];
}

const INTERFACE = /^[a-zA-Z0-9_.-]{1,15}$/;

function namedPort(field: Field): NamedPort | null {
  const name = text(member(field, "name"));
  const port = integer(member(field, "port"));
  const protocol = protocolField(member(field, "protocol"));
  return name === null || port === null || protocol === null ? null : { name, port, protocol };
}

/** libcalico-go/lib/validator/v3/validator.go, validateHostEndpointSpec, says what is refused. */
export function readHostEndpoint(resource: Field, origin: Origin): HostEndpoint {
  const spec = member(resource, "spec");
  const node = text(member(spec, "node")) ?? "";
  const interfaceName = text(member(spec, "interfaceName")) ?? "";
  const expectedIPs = listOf(member(spec, "expectedIPs"), addressField);
  if (node === "") complain(member(spec, "node"), "the name of a node");
  if (interfaceName === "" && expectedIPs.length === 0)
    complain(member(spec, "interfaceName"), 'the name of an interface, "*", or expectedIPs');
  if (interfaceName !== "" && interfaceName !== "*" && !INTERFACE.test(interfaceName))
    complain(member(spec, "interfaceName"), "the name of an interface, of at most 15 letters, digits, _, . and -");
  return {
    metadata: readMetadata(resource, origin),
    node,
    interfaceName,
    expectedIPs,
    profiles: listOf(member(spec, "profiles"), text),
    ports: listOf(member(spec, "ports"), namedPort),
  };
}
