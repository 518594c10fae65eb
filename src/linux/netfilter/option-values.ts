import { type Address, type Family, formatAddress } from "../../net/address.ts";
import { addressBits, parseInterfaceAddress } from "../../net/prefix.ts";
import { parseUint32 } from "./mark-value.ts";

/** An inclusive range of numbers and whether it is negated. */
export interface RangeTest {
  readonly first: number;
  readonly last: number;
  readonly invert: boolean;
}

/** A number no larger than `max`, decimal, `0x…` or octal (xtables_strtoui); null when malformed. */
export function parseNumber(text: string, max: number): number | null {
  const value = parseUint32(text);
  return value === null || value > max ? null : value;
}

/** `first`, `first:last`, `first:`, `:last`; null when malformed or descending. */
export function parseNumberRange(
  text: string,
  max: number,
  separator = ":",
  parse: (text: string) => number | null = (part) => parseNumber(part, max),
): { readonly first: number; readonly last: number } | null {
  const at = text.indexOf(separator);
  if (at < 0) {
    const value = parse(text);
    return value === null ? null : { first: value, last: value };
  }
  const head = text.slice(0, at);
  const tail = text.slice(at + 1);
  const first = head === "" ? 0 : parse(head);
  const last = tail === "" ? max : parse(tail);
  return first === null || last === null || first > last ? null : { first, last };
}

/** `80`, or `80:90`. */
export function formatRange(range: { readonly first: number; readonly last: number }, separator = ":"): string {
  return range.first === range.last ? String(range.first) : `${range.first}${separator}${range.last}`;
}

/**
 * Services by name, as people write them in rules and as tools without `-n` print them: Debian's /etc/services (checked), and
 * names of IANA's list that Red Hat's has.
 */
const SERVICES: ReadonlyMap<string, number> = new Map([
  ["ftp-data", 20],
  ["ftp", 21],
  ["ssh", 22],
  ["telnet", 23],
  ["smtp", 25],
  ["domain", 53],
  ["bootps", 67],
  ["bootpc", 68],
  ["tftp", 69],
  ["http", 80],
  ["kerberos", 88],
  ["pop3", 110],
  ["sunrpc", 111],
  ["ntp", 123],
  ["netbios-ns", 137],
  ["netbios-dgm", 138],
  ["netbios-ssn", 139],
  ["imap2", 143],
  ["imap", 143],
  ["snmp", 161],
  ["snmp-trap", 162],
  ["bgp", 179],
  ["ldap", 389],
  ["https", 443],
  ["microsoft-ds", 445],
  ["isakmp", 500],
  ["syslog", 514],
  ["submission", 587],
  ["ipp", 631],
  ["ldaps", 636],
  ["imaps", 993],
  ["pop3s", 995],
  ["openvpn", 1194],
  ["nfs", 2049],
  ["mysql", 3306],
  ["ipsec-nat-t", 4500],
  ["mdns", 5353],
  ["postgresql", 5432],
  ["http-alt", 8080],
  ["webcache", 8080],
  ["whois", 43],
  ["tacacs", 49],
  ["submissions", 465],
  ["dhcpv6-client", 546],
  ["dhcpv6-server", 547],
  ["rtsp", 554],
  ["domain-s", 853],
  ["rsync", 873],
  ["ms-sql-s", 1433],
  ["radius", 1812],
  ["radius-acct", 1813],
  ["etcd-client", 2379],
  ["etcd-server", 2380],
  ["bgpd", 2605],
  ["iscsi-target", 3260],
  ["svn", 3690],
  ["epmd", 4369],
  ["vxlan", 4789],
  ["sip", 5060],
  ["sip-tls", 5061],
  ["xmpp-client", 5222],
  ["xmpp-server", 5269],
  ["amqps", 5671],
  ["amqp", 5672],
  ["x11", 6000],
  ["redis", 6379],
  ["sun-sr-https", 6443],
  ["syslog-tls", 6514],
  ["tproxy", 8081],
  ["omniorb", 8088],
  ["cslistener", 9000],
  ["websm", 9090],
  ["jetdirect", 9100],
  ["git", 9418],
  ["zabbix-agent", 10050],
  ["zabbix-trapper", 10051],
]);

/** A port by decimal number or service name (xtables_parse_port); null when it is neither. */
export function parsePort(text: string): number | null {
  if (!/^\d{1,5}$/.test(text)) return SERVICES.get(text) ?? null;
  const port = Number(text);
  return port <= 0xffff ? port : null;
}

/** `port` or `first:last` with open ends (libxt_tcp.c parse_tcp_ports); null when malformed. */
export function parsePortRange(text: string): { readonly first: number; readonly last: number } | null {
  return parseNumberRange(text, 0xffff, ":", parsePort);
}

/** An address with its prefix length; host bits are kept, as xtables keeps them. */
export interface HostMask {
  readonly address: Address;
  readonly length: number;
}

/** `address[/length]` of the family; null when malformed. */
export function parseHostMask(text: string, family: Family): HostMask | null {
  const parsed = parseInterfaceAddress(text);
  return parsed === null || parsed.address.family !== family ? null : parsed;
}

/** The address, with its length where that is not a whole address. */
export function formatHostMask(mask: HostMask): string {
  const address = formatAddress(mask.address);
  return mask.length === addressBits(mask.address.family) ? address : `${address}/${mask.length}`;
}

/** The name in `names` that `text` abbreviates, in any case, as strncasecmp finds it; null when there is none. */
export function abbreviated<T extends string>(names: readonly T[], text: string): T | null {
  const lower = text.toLowerCase();
  return lower === "" ? null : (names.find((name) => name.toLowerCase().startsWith(lower)) ?? null);
}
