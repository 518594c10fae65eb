import fc from "fast-check";
import type { TableName } from "../../../src/model/ruleset.ts";
import type { Family } from "../../../src/net/address.ts";

/** Rules as iptables-save spells them, made of what both backends of the real tool accept. */

const octet = fc.integer({ min: 0, max: 255 });
const hex16 = fc.integer({ min: 1, max: 0xffff }).map((value) => value.toString(16));
const port = fc.integer({ min: 1, max: 65535 });
const portRange = fc.tuple(port, port).map(([x, y]) => (x === y ? [x - 1, y] : [Math.min(x, y), Math.max(x, y)]));
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const mark = fc
  .tuple(uint32, uint32)
  .map(
    ([value, mask]) =>
      `0x${((value & mask) >>> 0).toString(16)}/0x${(mask | 1) >>> 0 === 0xffffffff ? "fffffffe" : mask.toString(16)}`,
  )
  .filter((text) => !text.endsWith("/0x0") && !text.endsWith("/0xffffffff"));
const maybeNot = fc.boolean().map((invert) => (invert ? "! " : ""));
const comment = fc
  .string({ unit: fc.constantFrom(..."abzAZ09_-:./ '\"\\!#é"), minLength: 1, maxLength: 40 })
  .map((text) => (/^[\w-]+$/.test(text) ? text : `"${text.replace(/["'\\]/g, "\\$&")}"`));

function address(family: Family): fc.Arbitrary<string> {
  return family === 4
    ? fc.tuple(fc.integer({ min: 1, max: 223 }), octet, octet, octet).map((parts) => parts.join("."))
    : fc.tuple(hex16, hex16, hex16).map(([a, b, c]) => `2001:db8:${a}:${b}::${c}`);
}

function network(family: Family): fc.Arbitrary<string> {
  if (family === 6)
    return fc.oneof(
      address(6).map((text) => `${text}/128`),
      hex16.map((text) => `2001:db8:${text}::/48`),
    );
  return fc.oneof(
    address(4).map((text) => `${text}/32`),
    fc.tuple(octet, octet).map(([x, y]) => `10.${x}.${y}.0/24`),
    octet.map((x) => `172.${x}.0.0/16`),
  );
}

const interfaceName = fc.constantFrom("eth0", "cali+", "lo", "vxlan.calico", "tunl0", "a", "cali1234567890a");

/** A protocol and the matches that need it. */
function transport(family: Family): fc.Arbitrary<{ readonly protocol: string; readonly matches: string }> {
  const ports = fc.tuple(maybeNot, port).map(([not, number]) => `${not}--dport ${number}`);
  const ranges = fc.tuple(maybeNot, portRange).map(([not, [x, y]]) => `${not}--sport ${x}:${y}`);
  const multiport = fc
    .tuple(
      maybeNot,
      fc.constantFrom("sports", "dports", "ports"),
      fc.uniqueArray(port, { minLength: 1, maxLength: 15 }),
    )
    .map(([not, kind, list]) => `-m multiport ${not}--${kind} ${list.join(",")}`);
  const named = fc.constantFrom("tcp", "udp", "sctp");
  return fc.oneof(
    fc.constant({ protocol: "", matches: "" }),
    fc.tuple(named, ports).map(([name, test]) => ({ protocol: `-p ${name}`, matches: `-m ${name} ${test}` })),
    fc.tuple(named, ranges).map(([name, test]) => ({ protocol: `-p ${name}`, matches: `-m ${name} ${test}` })),
    fc.tuple(named, multiport).map(([name, test]) => ({ protocol: `-p ${name}`, matches: test })),
    fc
      .constantFrom("tcp", "udp", "esp", "ah", "gre", "ospf", "vrrp", "254")
      .map((name) => ({ protocol: `-p ${name}`, matches: "" })),
    fc.constantFrom("tcp", "udp", "47").map(() => ({ protocol: "! -p gre", matches: "" })),
    family === 4
      ? fc
          .constantFrom("8", "3/1", "11")
          .map((type) => ({ protocol: "-p icmp", matches: `-m icmp --icmp-type ${type}` }))
      : fc
          .constantFrom("128", "1/4", "3")
          .map((type) => ({ protocol: "-p ipv6-icmp", matches: `-m icmp6 --icmpv6-type ${type}` })),
    fc.constant({ protocol: "-p tcp", matches: "-m tcp --tcp-flags FIN,SYN,RST,ACK SYN" }),
  );
}

const plainMatch = (family: Family): fc.Arbitrary<string> =>
  fc.oneof(
    comment.map((text) => `-m comment --comment ${text}`),
    fc.tuple(maybeNot, mark).map(([not, text]) => `-m mark ${not}--mark ${text}`),
    fc.constantFrom("RELATED,ESTABLISHED", "INVALID", "NEW", "DNAT").map((state) => `-m conntrack --ctstate ${state}`),
    fc.constantFrom("LOCAL", family === 4 ? "BROADCAST" : "UNICAST").map((type) => `-m addrtype --dst-type ${type}`),
  );

function targets(table: TableName, family: Family): fc.Arbitrary<string> {
  const common = fc.oneof(
    fc.constantFrom("-j ACCEPT", table === "nat" ? "-j RETURN" : "-j DROP", "-j RETURN", "-j cali-a", "-g KUBE-B", ""),
    mark.map((text) => `-j MARK --set-xmark ${text}`),
    mark.map((text) => `-j CONNMARK --set-xmark ${text}`),
    fc.constant("-j CONNMARK --restore-mark --nfmask 0xff0000 --ctmask 0xffffffff"),
    comment.filter((text) => !/^"? *"?$/.test(text)).map((text) => `-j LOG --log-prefix ${short(text)}`),
    fc.integer({ min: 1, max: 65535 }).map((group) => `-j NFLOG --nflog-group ${group}`),
  );
  switch (table) {
    case "filter":
      return fc.oneof(
        common,
        fc.constantFrom(...rejects(family)).map((name) => `-j REJECT --reject-with ${name}`),
      );
    case "nat":
      return fc.oneof(common, natTarget(family));
    case "raw":
      return fc.oneof(common, fc.constantFrom("-j CT --notrack", "-j CT --zone 5", "-j TRACE"));
    default:
      return fc.oneof(
        common,
        fc
          .integer({ min: 0, max: 255 })
          .map((value) => (family === 4 ? `-j TTL --ttl-set ${value}` : `-j HL --hl-set ${value}`)),
        fc.integer({ min: 0, max: 63 }).map((value) => `-j DSCP --set-dscp 0x${value.toString(16).padStart(2, "0")}`),
        fc.constant("-j TOS --set-tos 0x10/0x3f"),
      );
  }
}

/** A log prefix holds 29 characters. */
function short(quoted: string): string {
  return quoted.length <= 20 ? quoted : "too-long";
}

function rejects(family: Family): readonly string[] {
  return family === 4
    ? ["icmp-port-unreachable", "icmp-host-prohibited", "icmp-admin-prohibited", "icmp-net-unreachable"]
    : ["icmp6-port-unreachable", "icmp6-adm-prohibited", "icmp6-no-route", "icmp6-policy-fail"];
}

function natTarget(family: Family): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constantFrom("-j MASQUERADE", "-j MASQUERADE --random-fully", "-j REDIRECT", "-j MASQUERADE --random"),
    address(family).map((text) => `-j DNAT --to-destination ${text}`),
    fc
      .tuple(address(family), fc.boolean())
      .map(([text, fully]) => `-j SNAT --to-source ${text}${fully ? " --random-fully" : ""}`),
  );
}

/** The words of a rule after `-A chain`; none drops in table nat, where iptables refuses that. */
export function arbitraryRule(table: TableName, family: Family): fc.Arbitrary<string> {
  const optional = (option: string, value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.oneof(
      fc.constant(""),
      fc.tuple(maybeNot, value).map(([not, text]) => `${not}${option} ${text}`),
    );
  return fc
    .tuple(
      optional("-s", network(family)),
      optional("-d", network(family)),
      optional("-i", interfaceName),
      optional("-o", interfaceName),
      transport(family),
      fc.array(plainMatch(family), { maxLength: 2 }),
      targets(table, family),
    )
    .map(([source, destination, input, output, { protocol, matches }, more, target]) =>
      [source, destination, input, output, protocol, matches, ...more, target].filter((part) => part !== "").join(" "),
    );
}
