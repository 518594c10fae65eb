import {
  at,
  complain,
  complainBelow,
  type Field,
  integer,
  member,
  oneOf,
  pathOf,
  text,
  textMap,
} from "../kubernetes/field.ts";
import { parsePrefix } from "../net/prefix.ts";
import type { CalicoRule, EntityRule } from "./network-policy.ts";
import { readEntityRule } from "./read-entity-rule.ts";

const NAMES = ["tcp", "udp", "icmp", "icmpv6", "sctp", "udplite"];
const WITH_PORTS = ["tcp", "udp", "sctp", "6", "17", "132"];
const HIGHEST_PROTOCOL = 255;
const ACTIONS = ["Allow", "Deny", "Log", "Pass"] as const;

function protocol(field: Field): string | null {
  const written = typeof field.value === "number" ? String(field.value) : text(field);
  if (written === null) return null;
  const number = /^\d{1,3}$/.test(written) ? Number(written) : 0;
  if (NAMES.includes(written.toLowerCase()) || (number > 0 && number <= HIGHEST_PROTOCOL)) return written;
  complain(field, "TCP, UDP, ICMP, ICMPv6, SCTP, UDPLite or a number from 1 to 255");
  return null;
}

function icmp(field: Field, of: string | null): CalicoRule["icmp"] {
  if (field.value === undefined || field.value === null) return null;
  const type = integer(member(field, "type"));
  const code = integer(member(field, "code"));
  if (type === null && code !== null) complain(member(field, "type"), "a type beside the code");
  if (type !== null && (type < 0 || type > 254)) complain(member(field, "type"), "a number from 0 to 254");
  if (code !== null && (code < 0 || code > 255)) complain(member(field, "code"), "a number from 0 to 255");
  if (of !== "icmp" && of !== "icmpv6") complain(field, "no such field unless protocol is ICMP or ICMPv6");
  return type === null ? null : { type, code };
}

/** Networks are of one family, and of the rule's. */
function checkNets(field: Field, side: EntityRule, family: number | null): number | null {
  let known = family;
  for (const list of ["nets", "notNets"] as const) {
    for (const [i, net] of side[list].entries()) {
      const own = parsePrefix(net)?.address.family ?? null;
      if (known !== null && own !== null && own !== known) {
        const place = at(field, list);
        complainBelow(place, [i], net, `an IPv${known} network, as the rule's others are`);
      }
      known ??= own;
    }
  }
  return known;
}

function checkPorts(field: Field, side: EntityRule, of: string | null): void {
  for (const list of ["ports", "notPorts"] as const) {
    if (side[list].length > 0 && (of === null || !WITH_PORTS.includes(of)))
      complain(member(field, list), "no ports unless protocol is TCP, UDP or SCTP");
  }
}

function absent(field: Field, expected: string): void {
  if (field.value !== undefined && field.value !== null) complain(field, expected);
}

/**
 * A rule of a policy or profile, with what upstream's validator refuses complained of
 * (libcalico-go/lib/validator/v3/validator.go, validateRule).
 *
 * @param namespace the policy's; null for policies of the whole cluster
 */
export function readRule(field: Field, direction: "ingress" | "egress", namespace: string | null): CalicoRule | null {
  const action = oneOf(member(field, "action"), ACTIONS);
  if (action === null) complain(member(field, "action"), "Allow, Deny, Log or Pass");
  const version = integer(member(field, "ipVersion"));
  if (version !== null && version !== 4 && version !== 6) complain(member(field, "ipVersion"), "4 or 6");
  const spoken = protocol(member(field, "protocol"));
  const word = spoken?.toLowerCase() ?? null;
  const http = member(field, "http");
  const [source, destination] = [member(field, "source"), member(field, "destination")];
  const rule = {
    ipVersion: version === 4 ? 4 : version === 6 ? 6 : null,
    protocol: spoken,
    notProtocol: protocol(member(field, "notProtocol")),
    icmp: icmp(member(field, "icmp"), word),
    notICMP: icmp(member(field, "notICMP"), word),
    source: readEntityRule(source, namespace),
    destination: readEntityRule(destination, namespace),
    http: http.value !== undefined && http.value !== null,
    annotations: [...textMap(at(field, "metadata", "annotations"))].sort(([a], [b]) => (a < b ? -1 : 1)),
    path: pathOf(field),
  } as const;
  const implied = word === "icmp" ? 4 : word === "icmpv6" ? 6 : null;
  if (implied !== null && rule.ipVersion !== null && implied !== rule.ipVersion)
    complain(member(field, "ipVersion"), `${implied}, as the protocol is ${spoken}`);
  checkNets(destination, rule.destination, checkNets(source, rule.source, rule.ipVersion ?? implied));
  checkPorts(source, rule.source, word);
  checkPorts(destination, rule.destination, word);
  if (rule.http && action !== "Allow") complain(http, "no http unless the action is Allow");
  if (rule.http && word !== null && word !== "tcp") complain(http, "no http unless the protocol is TCP");
  if (direction === "ingress") absent(member(destination, "services"), "services of the source only, in ingress rules");
  else absent(member(source, "services"), "services of the destination only, in egress rules");
  return action === null ? null : { action, ...rule };
}
