/** IP protocol numbers (IANA) that the datapath treats by name. */
export const ICMP = 1;
export const IGMP = 2;
export const IPIP = 4;
export const TCP = 6;
export const UDP = 17;
export const DCCP = 33;
export const IPV6_IN_IP = 41;
export const GRE = 47;
export const ESP = 50;
export const AH = 51;
export const ICMPV6 = 58;
export const OSPF = 89;
export const PIM = 103;
export const VRRP = 112;
export const SCTP = 132;
export const UDPLITE = 136;

/** Names as iptables-save prints them on Debian (/etc/protocols), with the aliases people write. */
const NUMBERS: ReadonlyMap<string, number> = new Map([
  ["ip", 0],
  ["icmp", ICMP],
  ["igmp", IGMP],
  ["ipencap", IPIP],
  ["ipv4", IPIP],
  ["ipip", 94],
  ["tcp", TCP],
  ["udp", UDP],
  ["dccp", DCCP],
  ["ipv6", IPV6_IN_IP],
  ["gre", GRE],
  ["esp", ESP],
  ["ipv6-crypt", ESP],
  ["ah", AH],
  ["ipv6-auth", AH],
  ["icmpv6", ICMPV6],
  ["ipv6-icmp", ICMPV6],
  ["icmp6", ICMPV6],
  ["ospf", OSPF],
  ["pim", PIM],
  ["vrrp", VRRP],
  ["sctp", SCTP],
  ["udplite", UDPLITE],
  ["ipcomp", 108],
  ["mh", 135],
  ["ipv6-mh", 135],
  ["mobility-header", 135],
]);

const NAMES: ReadonlyMap<number, string> = new Map([
  [ICMP, "icmp"],
  [IGMP, "igmp"],
  [IPIP, "ipencap"],
  [TCP, "tcp"],
  [UDP, "udp"],
  [DCCP, "dccp"],
  [IPV6_IN_IP, "ipv6"],
  [GRE, "gre"],
  [ESP, "esp"],
  [AH, "ah"],
  [ICMPV6, "ipv6-icmp"],
  [OSPF, "ospf"],
  [PIM, "pim"],
  [VRRP, "vrrp"],
  [108, "ipcomp"],
  [SCTP, "sctp"],
  [135, "mobility-header"],
  [UDPLITE, "udplite"],
]);

/** Number of a protocol given by name or decimal number (0-255); null when unknown. */
export function parseProtocol(text: string): number | null {
  if (/^\d{1,3}$/.test(text)) {
    const number = Number(text);
    return number <= 255 ? number : null;
  }
  return NUMBERS.get(text.toLowerCase()) ?? null;
}

/** The name iptables-save prints on Debian, else the number. */
export function formatProtocol(protocol: number): string {
  return NAMES.get(protocol) ?? String(protocol);
}

/** True for protocols whose first four bytes are source and destination port. */
export function hasPorts(protocol: number): boolean {
  return protocol === TCP || protocol === UDP || protocol === SCTP || protocol === DCCP || protocol === UDPLITE;
}

/** Protocols whose checksum the kernel looks at on the way and at the end. */
export function hasChecksum(protocol: number): boolean {
  return (
    protocol === TCP ||
    protocol === UDP ||
    protocol === UDPLITE ||
    protocol === ICMP ||
    protocol === ICMPV6 ||
    protocol === SCTP
  );
}
