/** Error codes of NOTIFICATION (RFC 4271 section 4.5; 7: RFC 7313). */
export const HEADER_ERROR = 1;
export const OPEN_ERROR = 2;
export const UPDATE_ERROR = 3;
export const HOLD_TIMER_EXPIRED = 4;
export const FSM_ERROR = 5;
export const CEASE = 6;
export const ROUTE_REFRESH_ERROR = 7;

/** BIRD's words for error codes and subcodes (`bgp_msg_table` of proto/bgp/packets.c, BIRD 1.6). */
const TEXTS: Readonly<Record<number, readonly (string | null)[]>> = {
  1: ["Invalid message header", "Connection not synchronized", "Bad message length", "Bad message type"],
  2: [
    "Invalid OPEN message",
    "Unsupported version number",
    "Bad peer AS",
    "Bad BGP identifier",
    "Unsupported optional parameter",
    "Authentication failure",
    "Unacceptable hold time",
    "Required capability missing",
    "No supported AFI/SAFI",
  ],
  3: [
    "Invalid UPDATE message",
    "Malformed attribute list",
    "Unrecognized well-known attribute",
    "Missing mandatory attribute",
    "Invalid attribute flags",
    "Invalid attribute length",
    "Invalid ORIGIN attribute",
    "AS routing loop",
    "Invalid NEXT_HOP attribute",
    "Optional attribute error",
    "Invalid network field",
    "Malformed AS_PATH",
  ],
  4: ["Hold timer expired"],
  5: [
    "Finite state machine error",
    "Unexpected message in OpenSent state",
    "Unexpected message in OpenConfirm state",
    "Unexpected message in Established state",
  ],
  6: [
    "Cease",
    "Maximum number of prefixes reached",
    "Administrative shutdown",
    "Peer de-configured",
    "Administrative reset",
    "Connection rejected",
    "Other configuration change",
    "Connection collision resolution",
    "Out of Resources",
  ],
  7: ["Invalid ROUTE-REFRESH message", "Invalid ROUTE-REFRESH message length"],
};

/** What BIRD calls a NOTIFICATION (`bgp_error_dsc`). */
export function describeNotification(code: number, subcode: number): string {
  return TEXTS[code]?.[subcode] ?? `Unknown error ${code}.${subcode}`;
}
