import type { Family } from "../../net/address.ts";
import { complain, type Field } from "../field.ts";
import { checkAddress, checkNotSpecial } from "./addresses.ts";
import { checkLabels } from "./labels.ts";
import { checkName, DNS_LABEL, DNS_SUBDOMAIN, LABEL_KEY } from "./names.ts";
import { peek, peekList, peekText } from "./peek.ts";
import { checkPortNumber, checkProtocol } from "./ports.ts";

const TYPES = ["IPv4", "IPv6", "FQDN"];
const MOST_ENDPOINTS = 1000;
const MOST_ADDRESSES = 100;
const MOST_PORTS = 100;

/** A discovery.k8s.io/v1 EndpointSlice (pkg/apis/discovery/validation, ValidateEndpointSlice). */
export function checkEndpointSlice(resource: Field): void {
  const addressType = peek(resource, "addressType");
  const type = peekText(addressType);
  if (type === null || !TYPES.includes(type)) complain(addressType, "IPv4, IPv6 or FQDN");
  const field = peek(resource, "endpoints");
  const endpoints = peekList(field);
  if (endpoints.length > MOST_ENDPOINTS) complain(field, `up to ${MOST_ENDPOINTS} endpoints`);
  else for (const endpoint of endpoints) checkEndpoint(endpoint, type);
  checkPorts(peek(resource, "ports"));
}

function checkEndpoint(endpoint: Field, type: string | null): void {
  const field = peek(endpoint, "addresses");
  const addresses = peekList(field);
  if (addresses.length === 0) complain(field, "at least one address");
  if (addresses.length > MOST_ADDRESSES) complain(field, `up to ${MOST_ADDRESSES} addresses`);
  for (const address of addresses) {
    if (type === "IPv4") checkIP(address, 4);
    else if (type === "IPv6") checkIP(address, 6);
    else if (type === "FQDN") checkDomain(address);
  }
  checkName(peek(endpoint, "hostname"), DNS_LABEL);
  checkLabels(peek(endpoint, "deprecatedTopology"));
}

function checkIP(field: Field, family: Family): void {
  const address = checkAddress(field, family);
  if (address !== null) checkNotSpecial(field, address);
}

/** Two labels at least; a dot at its end is fine. */
function checkDomain(field: Field): void {
  const written = peekText(field);
  if (written === null) return;
  const name = written.replace(/\.$/, "");
  const labels = name.split(".");
  if (labels.length < 2 || !DNS_SUBDOMAIN.allows(name) || !labels.every(DNS_LABEL.allows))
    complain(field, "a DNS name with a dot in it, such as db.example.com");
}

function checkPorts(field: Field): void {
  const ports = peekList(field);
  if (ports.length > MOST_PORTS) complain(field, `up to ${MOST_PORTS} ports`);
  const names = new Set<string>();
  for (const port of ports) {
    const field = peek(port, "name");
    const name = peekText(field) ?? "";
    if (name !== "") checkName(field, DNS_LABEL);
    if (names.has(name)) complain(field, "a name that no other port of the EndpointSlice has");
    names.add(name);
    checkPortNumber(peek(port, "port"));
    checkProtocol(peek(port, "protocol"));
    checkName(peek(port, "appProtocol"), LABEL_KEY);
  }
}
