import { complain, type Field, isRecord, listOf, member, text } from "../kubernetes/field.ts";
import { parsePrefix } from "../net/prefix.ts";
import { parsePort } from "./conversion/policy-ports.ts";
import { ANY_ENTITY, type EntityRule, type PolicyPort } from "./network-policy.ts";
import { selectorField } from "./selector-field.ts";

function port(field: Field): PolicyPort | null {
  const written = typeof field.value === "number" ? String(field.value) : text(field);
  if (written === null) return null;
  const read = parsePort(written);
  if (read === null) complain(field, "a port, a range such as 80:90, or the name of a port");
  return read;
}

function net(field: Field): string | null {
  const written = text(field);
  if (written === null) return null;
  if (parsePrefix(written) !== null) return written;
  complain(field, "a CIDR block such as 192.168.0.0/16");
  return null;
}

function isGiven(field: Field): boolean {
  return field.value !== undefined && field.value !== null;
}

function readServices(field: Field, namespace: string | null): EntityRule["services"] {
  if (!isGiven(field)) return null;
  const name = text(member(field, "name")) ?? "";
  if (name === "") complain(member(field, "name"), "the name of a Service");
  const own = text(member(field, "namespace")) || namespace;
  if (own === null) complain(member(field, "namespace"), "the Service's namespace: the policy has none");
  return { name, namespace: own ?? "" };
}

const BESIDE_SERVICES = ["ports", "notPorts", "nets", "notNets", "selector", "notSelector", "namespaceSelector"];

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

/**
 * One side of a rule (api/pkg/apis/projectcalico/v3/globalnetworkpolicy.go, EntityRule; libcalico-go/lib/validator/v3).
 *
 * @param namespace the policy's; null for policies of the whole cluster
 */
export function readEntityRule(field: Field, namespace: string | null): EntityRule {
  if (!isGiven(field)) return ANY_ENTITY;
  const accounts = member(field, "serviceAccounts");
  const services = readServices(member(field, "services"), namespace);
  const side: EntityRule = {
    nets: listOf(member(field, "nets"), net),
    notNets: listOf(member(field, "notNets"), net),
    selector: selectorField(member(field, "selector")),
    notSelector: selectorField(member(field, "notSelector")),
    namespaceSelector: selectorField(member(field, "namespaceSelector"), "namespaces"),
    ports: listOf(member(field, "ports"), port),
    notPorts: listOf(member(field, "notPorts"), port),
    serviceAccounts: isRecord(accounts.value)
      ? { names: listOf(member(accounts, "names"), text), selector: selectorField(member(accounts, "selector")) }
      : null,
    services,
  };
  if (services !== null) {
    for (const other of BESIDE_SERVICES) {
      const beside = member(field, other);
      if (!isEmpty(beside.value)) complain(beside, "no such field beside services, which says addresses and ports");
    }
    if (side.serviceAccounts !== null) complain(accounts, "no service accounts beside services");
  }
  return side;
}
