import { complain, type Field } from "../field.ts";
import { checkAddress, checkNotSpecial } from "./addresses.ts";
import { checkName, DNS_LABEL, DNS_SUBDOMAIN, LABEL_KEY } from "./names.ts";
import { isAbsent, peek, peekList } from "./peek.ts";
import { checkProtocol, checkRequiredPort } from "./ports.ts";

/** The subsets of a v1 Endpoints object (pkg/apis/core/validation, validateEndpointSubsets). */
export function checkEndpoints(resource: Field): void {
  for (const subset of peekList(peek(resource, "subsets"))) {
    const addresses = [...peekList(peek(subset, "addresses")), ...peekList(peek(subset, "notReadyAddresses"))];
    if (addresses.length === 0) complain(subset, "addresses or notReadyAddresses");
    for (const address of addresses) checkEndpointAddress(address);
    const ports = peekList(peek(subset, "ports"));
    for (const port of ports) {
      const name = peek(port, "name");
      if ((isAbsent(name) || name.value === "") && ports.length > 1)
        complain(name, "a name, as the subset has several ports");
      else if (name.value !== "") checkName(name, DNS_LABEL);
      checkRequiredPort(peek(port, "port"));
      checkProtocol(peek(port, "protocol"));
      checkName(peek(port, "appProtocol"), LABEL_KEY);
    }
  }
}

function checkEndpointAddress(field: Field): void {
  const ip = peek(field, "ip");
  const address = checkAddress(ip);
  if (address !== null) checkNotSpecial(ip, address);
  const hostname = peek(field, "hostname");
  if (hostname.value !== "") checkName(hostname, DNS_LABEL);
  checkName(peek(field, "nodeName"), DNS_SUBDOMAIN);
}
