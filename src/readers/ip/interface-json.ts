import type { DumpFindings } from "../dump-findings.ts";
import {
  booleanField,
  hasFlag,
  type JsonElement,
  type JsonObject,
  numberField,
  objectField,
  objectsField,
  textField,
  textsField,
} from "../json-fields.ts";
import { BRIDGE_OPTIONS, BRIDGE_PORT_OPTIONS } from "./bridge-options.ts";
import { type WrittenAddress, type WrittenInterface, writtenInterface } from "./written-interface.ts";

/** Flags of addresses that the model knows (ip/ipaddress.c, print_ifa_flags). */
const ADDRESS_FLAGS: readonly string[] = [
  "secondary",
  "temporary",
  "tentative",
  "dadfailed",
  "deprecated",
  "noprefixroute",
];

/** Keys of `info_data` by the words of the text form (ip/iplink_vxlan.c, ip/link_iptnl.c). */
const OPTIONS: ReadonlyMap<string, string> = new Map([
  ["id", "id"],
  ["local", "local"],
  ["local6", "local"],
  ["remote", "remote"],
  ["remote6", "remote"],
  ["group", "group"],
  ["group6", "group"],
  ["link", "dev"],
  ["port", "dstport"],
  ["ttl", "ttl"],
  ["tos", "tos"],
  ["df", "df"],
  ["protocol", "protocol"],
]);

/** An entry of `ip -j addr` or `ip -j link`; null, with a finding, when it is none. */
export function writtenJsonInterface({ object, line }: JsonElement, findings: DumpFindings): WrittenInterface | null {
  const name = textField(object, "ifname");
  if (name === null) {
    findings.add("unknown-line", "warning", line, "A JSON object without `ifname` is no interface.");
    return null;
  }
  const peerIndex = numberField(object, "link_index");
  const peer = textField(object, "link") ?? (peerIndex === null ? null : `if${peerIndex}`);
  const written = writtenInterface(line, numberField(object, "ifindex") ?? 0, name, peer, textsField(object, "flags"));
  written.mtu = numberField(object, "mtu");
  written.group = textField(object, "group");
  written.master = textField(object, "master");
  written.linkType = textField(object, "link_type");
  written.mac = textField(object, "address");
  written.netnsId = numberField(object, "link_netnsid");
  written.netnsName = textField(object, "link_netns");
  written.detailed = hasFlag(object, "promiscuity") || hasFlag(object, "linkinfo");
  const info = objectField(object, "linkinfo");
  if (info !== null) {
    written.kind = textField(info, "info_kind");
    const data = objectField(info, "info_data");
    if (written.kind === "bridge") readValues(data, BRIDGE_OPTIONS, written.options);
    else readOptions(data, written.options);
    if (textField(info, "info_slave_kind") === "bridge") {
      written.portOptions = new Map();
      readValues(objectField(info, "info_slave_data"), BRIDGE_PORT_OPTIONS, written.portOptions);
    }
  }
  for (const item of objectsField(object, "addr_info")) {
    const address = writtenAddress(item, line);
    if (address !== null) written.addresses.push(address);
    else if (Object.keys(item).length > 0) {
      findings.add("unknown-line", "warning", line, `An address of ${name} without \`local\` and \`prefixlen\`.`);
    }
  }
  return written;
}

function readValues(data: JsonObject | null, names: ReadonlySet<string>, options: Map<string, string>): void {
  if (data === null) return;
  for (const name of names) {
    const value = booleanField(data, name) ?? textField(data, name);
    if (value !== null) options.set(name, String(value));
  }
}

function readOptions(data: JsonObject | null, options: Map<string, string>): void {
  if (data === null) return;
  for (const [key, name] of OPTIONS) {
    const value = textField(data, key);
    if (value !== null) options.set(name, value);
  }
  if (booleanField(data, "learning") === false) options.set("nolearning", "");
  const ports = objectField(data, "port_range");
  if (ports !== null) {
    options.set("srcport", `${numberField(ports, "low") ?? 0} ${numberField(ports, "high") ?? 0}`);
  }
  if (hasFlag(data, "external")) options.set("external", "");
}

function writtenAddress(object: JsonObject, line: number): WrittenAddress | null {
  const local = textField(object, "local");
  const prefixLength = numberField(object, "prefixlen");
  if (local === null || prefixLength === null) return null;
  return {
    line,
    local,
    prefixLength,
    peer: textField(object, "address"),
    broadcast: textField(object, "broadcast"),
    scope: textField(object, "scope"),
    flags: new Set(ADDRESS_FLAGS.filter((flag) => hasFlag(object, flag))),
  };
}
