import type { Capability } from "./capability.ts";
import type { Nlri, PathAttributes } from "./path-attributes.ts";

/** Octets of the header, and of the longest message (RFC 4271 section 4.1). */
export const HEADER_LENGTH = 19;
export const MAX_MESSAGE_LENGTH = 4096;

export const OPEN = 1;
export const UPDATE = 2;
export const NOTIFICATION = 3;
export const KEEPALIVE = 4;
export const ROUTE_REFRESH = 5;

export interface OpenMessage {
  readonly kind: "open";
  readonly version: number;
  /** The two-octet field: AS_TRANS (23456) where the number is longer. */
  readonly as: number;
  /** Seconds. */
  readonly holdTime: number;
  readonly identifier: number;
  readonly capabilities: readonly Capability[];
}

export interface UpdateMessage {
  readonly kind: "update";
  readonly withdrawn: readonly Nlri[];
  readonly attributes: PathAttributes | null;
  readonly nlri: readonly Nlri[];
}

export interface NotificationMessage {
  readonly kind: "notification";
  readonly code: number;
  readonly subcode: number;
  readonly data: Uint8Array;
}

export interface RouteRefreshMessage {
  readonly kind: "route-refresh";
  readonly afi: number;
  /** 0: refresh, 1 and 2: beginning and end of one (RFC 7313). */
  readonly subtype: number;
  readonly safi: number;
}

export type Message =
  | OpenMessage
  | UpdateMessage
  | NotificationMessage
  | { readonly kind: "keepalive" }
  | RouteRefreshMessage;

/** What the two OPENs of a session agreed on about the form of UPDATEs. */
export interface WireForm {
  /** AS numbers of four octets in AS_PATH (RFC 6793). */
  readonly as4: boolean;
  /** Path identifiers before IPv4 and IPv6 destinations (RFC 7911). */
  readonly addPath4: boolean;
  readonly addPath6: boolean;
  /** Between neighbours of one AS: what only those may say is looked at. */
  readonly internal?: boolean;
  /** Next hops of the other family may stand beside destinations (RFC 8950, RFC 4798). */
  readonly extended?: boolean;
}

export function sameForm(x: WireForm, y: WireForm): boolean {
  return (
    x.as4 === y.as4 &&
    x.addPath4 === y.addPath4 &&
    x.addPath6 === y.addPath6 &&
    x.internal === y.internal &&
    x.extended === y.extended
  );
}

export const PLAIN_FORM: WireForm = { as4: false, addPath4: false, addPath6: false };

const forms: WireForm[] = [];

/** One object for equal forms: there are two for each of thousands of sessions. */
export function wireForm(
  as4: boolean,
  addPath4: boolean,
  addPath6: boolean,
  internal: boolean,
  extended = false,
): WireForm {
  const paths = (Number(addPath4) << 1) | (Number(addPath6) << 2);
  const place = Number(as4) | paths | (Number(internal) << 3) | (Number(extended) << 4);
  const form = forms[place] ?? { as4, addPath4, addPath6, internal, extended };
  forms[place] = form;
  return form;
}
