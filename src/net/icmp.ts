/** ICMP types (RFC 792) the datapath makes or reads. */
export const ECHO_REPLY = 0;
export const DEST_UNREACHABLE = 3;
export const REDIRECT = 5;
export const ECHO_REQUEST = 8;
export const TIME_EXCEEDED = 11;
export const PARAMETER_PROBLEM = 12;
export const TIMESTAMP_REQUEST = 13;
export const TIMESTAMP_REPLY = 14;
export const INFO_REQUEST = 15;
export const INFO_REPLY = 16;
export const ADDRESS_REQUEST = 17;
export const ADDRESS_REPLY = 18;
const SOURCE_QUENCH = 4;
/** The highest type that Linux knows (include/uapi/linux/icmp.h). */
export const NR_ICMP_TYPES = 18;

/** Code of TIME_EXCEEDED: the fragments of a datagram did not all come. */
export const FRAGMENT_TIME = 1;

/** Codes of DEST_UNREACHABLE. */
export const NET_UNREACHABLE = 0;
export const HOST_UNREACHABLE = 1;
export const PROTOCOL_UNREACHABLE = 2;
export const PORT_UNREACHABLE = 3;
export const FRAGMENTATION_NEEDED = 4;
export const NET_PROHIBITED = 9;
export const HOST_PROHIBITED = 10;
export const ADMIN_PROHIBITED = 13;

/** ICMPv6 types (RFC 4443, RFC 4861). */
export const V6_DEST_UNREACHABLE = 1;
export const V6_PACKET_TOO_BIG = 2;
export const V6_TIME_EXCEEDED = 3;
export const V6_PARAMETER_PROBLEM = 4;
export const V6_ECHO_REQUEST = 128;
export const V6_ECHO_REPLY = 129;
export const V6_NEIGHBOUR_SOLICITATION = 135;
export const V6_NEIGHBOUR_ADVERTISEMENT = 136;
export const V6_REDIRECT = 137;

/** Codes of V6_DEST_UNREACHABLE. */
export const V6_NO_ROUTE = 0;
export const V6_ADMIN_PROHIBITED = 1;
export const V6_BEYOND_SCOPE = 2;
export const V6_ADDRESS_UNREACHABLE = 3;
export const V6_PORT_UNREACHABLE = 4;
export const V6_POLICY_FAIL = 5;
export const V6_REJECT_ROUTE = 6;

/** Codes of V6_PARAMETER_PROBLEM. */
export const V6_ERRONEOUS_HEADER = 0;
export const V6_UNKNOWN_NEXT_HEADER = 1;
export const V6_UNKNOWN_OPTION = 2;

/** True for ICMP types that quote a packet and must not be answered by another error (RFC 1122 section 3.2.2). */
export function isIcmpError(type: number): boolean {
  return (
    type === DEST_UNREACHABLE ||
    type === SOURCE_QUENCH ||
    type === REDIRECT ||
    type === TIME_EXCEEDED ||
    type === PARAMETER_PROBLEM
  );
}

/** ICMPv6 error messages have types below 128 (RFC 4443 section 2.1). */
export function isIcmpv6Error(type: number): boolean {
  return type < 128;
}

/** Words for an ICMP type and code as ping prints them. */
export function describeIcmp(type: number, code: number): string {
  switch (type) {
    case ECHO_REPLY:
      return "echo reply";
    case ECHO_REQUEST:
      return "echo request";
    case DEST_UNREACHABLE:
      return UNREACHABLE_WORDS[code] ?? `Destination Unreachable, code ${code}`;
    case REDIRECT:
      return "Redirect Host";
    case TIME_EXCEEDED:
      return code === 0 ? "Time to live exceeded" : "Frag reassembly time exceeded";
    default:
      return `ICMP type ${type} code ${code}`;
  }
}

const UNREACHABLE_WORDS: readonly string[] = [
  "Destination Net Unreachable",
  "Destination Host Unreachable",
  "Destination Protocol Unreachable",
  "Destination Port Unreachable",
  "Frag needed and DF set",
  "Source Route Failed",
  "Destination Net Unknown",
  "Destination Host Unknown",
  "Source Host Isolated",
  "Destination Net Prohibited",
  "Destination Host Prohibited",
  "Destination Net Unreachable for Type of Service",
  "Destination Host Unreachable for Type of Service",
  "Packet filtered",
];

/** Words for an ICMPv6 type and code. */
export function describeIcmpv6(type: number, code: number): string {
  switch (type) {
    case V6_ECHO_REQUEST:
      return "echo request";
    case V6_ECHO_REPLY:
      return "echo reply";
    case V6_DEST_UNREACHABLE:
      return V6_UNREACHABLE_WORDS[code] ?? `Destination unreachable, code ${code}`;
    case V6_PACKET_TOO_BIG:
      return "Packet too big";
    case V6_TIME_EXCEEDED:
      return "Time exceeded: Hop limit";
    case V6_PARAMETER_PROBLEM:
      return code === V6_UNKNOWN_NEXT_HEADER ? "Parameter problem: Unknown Header" : `Parameter problem, code ${code}`;
    case V6_REDIRECT:
      return "Redirect";
    default:
      return `ICMPv6 type ${type} code ${code}`;
  }
}

const V6_UNREACHABLE_WORDS: readonly string[] = [
  "Destination unreachable: No route",
  "Destination unreachable: Administratively prohibited",
  "Destination unreachable: Beyond scope of source address",
  "Destination unreachable: Address unreachable",
  "Destination unreachable: Port unreachable",
  "Destination unreachable: Source address failed policy",
  "Destination unreachable: Reject route",
];
