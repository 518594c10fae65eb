import { prefixContains } from "../../net/prefix.ts";
import { complain, type Field } from "../field.ts";
import { checkNetwork } from "./addresses.ts";
import { checkLabelSelector } from "./labels.ts";
import { isAbsent, peek, peekInteger, peekList, peekText } from "./peek.ts";
import { checkPortNumber, checkPortOrName, checkProtocol } from "./ports.ts";

/** The spec of a networking.k8s.io/v1 NetworkPolicy (pkg/apis/networking/validation, ValidateNetworkPolicySpec). */
export function checkNetworkPolicy(resource: Field): void {
  const spec = peek(resource, "spec");
  checkLabelSelector(peek(spec, "podSelector"));
  for (const [direction, peers] of [
    ["ingress", "from"],
    ["egress", "to"],
  ] as const) {
    for (const rule of peekList(peek(spec, direction))) {
      for (const port of peekList(peek(rule, "ports"))) checkPort(port);
      for (const peer of peekList(peek(rule, peers))) checkPeer(peer);
    }
  }
  const types = peek(spec, "policyTypes");
  if (peekList(types).length > 2) complain(types, "Ingress, Egress or both, each once");
}

function checkPort(field: Field): void {
  checkProtocol(peek(field, "protocol"));
  const port = peek(field, "port");
  checkPortOrName(port);
  const endPort = peek(field, "endPort");
  if (isAbsent(endPort)) return;
  const [first, last] = [peekInteger(port), peekInteger(endPort)];
  if (first === null) complain(endPort, "no endPort, unless port is a number");
  else if (last !== null && last < first) complain(endPort, `a port that is not below port ${first}`);
  checkPortNumber(endPort);
}

function checkPeer(peer: Field): void {
  const block = peek(peer, "ipBlock");
  const selectors = [peek(peer, "podSelector"), peek(peer, "namespaceSelector")].filter((field) => !isAbsent(field));
  for (const selector of selectors) checkLabelSelector(selector);
  if (!isAbsent(block)) {
    if (selectors.length > 0) complain(peer, "ipBlock alone, or podSelector and namespaceSelector without it");
    checkBlock(block);
  } else if (selectors.length === 0) complain(peer, "ipBlock, podSelector or namespaceSelector");
}

function checkBlock(block: Field): void {
  const field = peek(block, "cidr");
  if (isAbsent(field) || peekText(field) === "") complain(field, "a network with its length, such as 10.0.0.0/8");
  const network = checkNetwork(field);
  if (network === null) return;
  for (const except of peekList(peek(block, "except"))) {
    const inner = checkNetwork(except);
    if (inner !== null && (inner.length <= network.length || !prefixContains(network, inner.address)))
      complain(except, `a smaller network inside cidr ${peekText(field) ?? ""}`);
  }
}
