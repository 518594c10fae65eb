import { complain, type Field } from "../field.ts";
import { checkName, DNS_LABEL, LABEL_KEY } from "./names.ts";
import { isAbsent, peek, peekInteger, peekList, peekText } from "./peek.ts";
import { checkPortNumber, checkPortOrName, checkProtocol, checkRequiredPort } from "./ports.ts";

/** Load balancers of some clouds open the ports of their Services in the firewall of every node. */
const KUBELET = 10250;

/** The ports of a Service (pkg/apis/core/validation, validateServicePort and what ValidateService says of all of them). */
export function checkServicePorts(spec: Field, type: string, headless: boolean): void {
  const field = peek(spec, "ports");
  const ports = peekList(field);
  if (ports.length === 0 && !headless && type !== "ExternalName")
    complain(field, "at least one port, unless clusterIP is None or type is ExternalName");
  const names = new Set<string>();
  const taken = new Set<string>();
  const nodePorts = new Set<string>();
  for (const port of ports) {
    checkPortsName(peek(port, "name"), names, ports.length > 1);
    checkPortOrName(unlessDefault(peek(port, "targetPort")));
    checkName(peek(port, "appProtocol"), LABEL_KEY);
    const number = peek(port, "port");
    checkRequiredPort(number);
    if (type === "LoadBalancer" && number.value === KUBELET)
      complain(number, `another port: a LoadBalancer may not have the kubelet's ${KUBELET}`);
    const protocol = checkProtocol(peek(port, "protocol"));
    const own = `${protocol} ${number.value}`;
    if (taken.has(own)) complain(number, `a port that the Service does not have yet with ${protocol}`);
    taken.add(own);
    checkNodePort(peek(port, "nodePort"), type, protocol, nodePorts);
  }
}

/** The API server takes 0 and the empty text for the port itself (pkg/apis/core/v1/defaults.go). */
function unlessDefault(target: Field): Field {
  return target.value === 0 || target.value === "" ? { ...target, value: undefined } : target;
}

function checkPortsName(field: Field, names: Set<string>, required: boolean): void {
  const name = peekText(field) ?? "";
  if (name === "") {
    if (required && (isAbsent(field) || field.value === ""))
      complain(field, "a name, as the Service has several ports");
    return;
  }
  checkName(field, DNS_LABEL);
  if (names.has(name)) complain(field, "a name that no other port of the Service has");
  names.add(name);
}

function checkNodePort(field: Field, type: string, protocol: string, taken: Set<string>): void {
  const port = peekInteger(field) ?? 0;
  if (port === 0) return;
  checkPortNumber(field);
  if (type === "ClusterIP") complain(field, "no nodePort, as type is ClusterIP; or type NodePort");
  const own = `${protocol} ${port}`;
  if (taken.has(own)) complain(field, `a node port that the Service does not have yet with ${protocol}`);
  taken.add(own);
}
