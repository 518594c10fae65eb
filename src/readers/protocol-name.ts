import { parseProtocol } from "../net/protocol.ts";

/**
 * The names of Debian's /etc/protocols (netbase 6.4) that net/protocol.ts does not need: tools that ask getprotobynumber(3),
 * as ipset and ip rule do, print them for numbers.
 */
const OTHER_NAMES: ReadonlyMap<string, number> = new Map([
  ["hopopt", 0],
  ["ggp", 3],
  ["st", 5],
  ["egp", 8],
  ["igp", 9],
  ["pup", 12],
  ["hmp", 20],
  ["xns-idp", 22],
  ["rdp", 27],
  ["iso-tp4", 29],
  ["xtp", 36],
  ["ddp", 37],
  ["idpr-cmtp", 38],
  ["ipv6-route", 43],
  ["ipv6-frag", 44],
  ["idrp", 45],
  ["rsvp", 46],
  ["skip", 57],
  ["ipv6-nonxt", 59],
  ["ipv6-opts", 60],
  ["rspf", 73],
  ["vmtp", 81],
  ["eigrp", 88],
  ["ax.25", 93],
  ["etherip", 97],
  ["encap", 98],
  ["ipcomp", 108],
  ["l2tp", 115],
  ["isis", 124],
  ["fc", 133],
  ["mpls-in-ip", 137],
  ["manet", 138],
  ["hip", 139],
  ["shim6", 140],
  ["wesp", 141],
  ["rohc", 142],
  ["ethernet", 143],
  ["mptcp", 262],
]);

/** IPPROTO 94 there; net/protocol.ts takes the word for 4, as people mean it. */
const PRINTED_IPIP = 94;

/** The number of a protocol as a tool prints it, by name or number; null when unknown. */
export function protocolNumber(text: string): number | null {
  if (text === "ipip") return PRINTED_IPIP;
  return parseProtocol(text) ?? OTHER_NAMES.get(text) ?? null;
}
