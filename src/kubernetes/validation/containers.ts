import { complain, type Field } from "../field.ts";
import { checkName, DNS_LABEL, PORT_NAME } from "./names.ts";
import { peek, peekInteger, peekList, peekText } from "./peek.ts";
import { checkPortNumber, checkProtocol, checkRequiredPort } from "./ports.ts";
import { checkProbes } from "./probes.ts";

/** A pod's own, as far as it decides about its containers' ports. */
export interface HostNetwork {
  readonly isUsed: boolean;
  /** False for the template of a controller: its pods get the host ports that it does not write. */
  readonly isDefaulted: boolean;
}

/** What the containers of a pod must keep together (pkg/apis/core/validation, validateContainers and validateInitContainers). */
export function checkContainers(spec: Field, network: HostNetwork): void {
  const names = new Set<string>();
  const hostPorts = new Set<string>();
  for (const container of peekList(peek(spec, "containers"))) checkContainer(container, names, hostPorts, network);
  // they do not run at the same time, so their host ports may be the same
  for (const container of peekList(peek(spec, "initContainers")))
    checkContainer(container, names, new Set(), network.isUsed ? { ...network, isUsed: false } : network);
}

function checkContainer(container: Field, names: Set<string>, hostPorts: Set<string>, network: HostNetwork): void {
  const field = peek(container, "name");
  checkName(field, DNS_LABEL);
  const name = peekText(field);
  if (name !== null && names.has(name)) complain(field, "a name that no other container of the pod has");
  if (name !== null) names.add(name);
  checkProbes(container);
  const portNames = new Set<string>();
  for (const port of peekList(peek(container, "ports"))) checkPort(port, portNames, hostPorts, network);
}

function checkPort(port: Field, names: Set<string>, hostPorts: Set<string>, network: HostNetwork): void {
  const field = peek(port, "name");
  const name = peekText(field) ?? "";
  if (name !== "") {
    if (PORT_NAME.allows(name) && names.has(name)) complain(field, "a name that no other port of the container has");
    checkName(field, PORT_NAME);
    names.add(name);
  }
  const number = peek(port, "containerPort");
  checkRequiredPort(number);
  const protocol = checkProtocol(peek(port, "protocol"));
  const host = peek(port, "hostPort");
  const own = peekInteger(number) ?? 0;
  const written = peekInteger(host) ?? 0;
  if (written !== 0) {
    checkPortNumber(host);
    if (network.isUsed && written !== own) complain(host, `${own}, the containerPort, as hostNetwork is true`);
  }
  const opened = written === 0 && network.isUsed && network.isDefaulted ? own : written;
  if (opened === 0) return;
  const key = `${protocol} ${peekText(peek(port, "hostIP")) ?? ""} ${opened}`;
  if (hostPorts.has(key))
    complain(written === 0 ? number : host, `a host port that the pod does not have yet with ${protocol}`);
  hostPorts.add(key);
}
