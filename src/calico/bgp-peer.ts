import { durationField } from "../kubernetes/duration-field.ts";
import { complain, type Field, flag, integer, listOf, member, oneOf, text } from "../kubernetes/field.ts";
import { type Metadata, readMetadata } from "../kubernetes/metadata.ts";
import { type SecretKeyReference, secretKeyReference } from "../kubernetes/secret-key-reference.ts";
import type { Origin } from "../model/origin.ts";
import { type Address, parseAddress } from "../net/address.ts";
import { asNumberField } from "./as-number.ts";
import { type WrittenSelector, writtenSelector } from "./written-selector.ts";

/** `10.0.0.1`, `10.0.0.1:1179`, `[fd00::1]:1179`. */
export interface PeerAddress {
  readonly address: Address;
  /** Null: that of the node which has the address, else 179. */
  readonly port: number | null;
}

/** A BGPPeer (api/pkg/apis/projectcalico/v3/bgppeer.go). Null stands for what is not written. */
export interface BGPPeer {
  readonly metadata: Metadata;
  /** Neither node nor selector: a global peer, of all nodes. */
  readonly node: string | null;
  readonly nodeSelector: WrittenSelector | null;
  readonly peerIP: PeerAddress | null;
  readonly peerSelector: WrittenSelector | null;
  /** Workloads of the node that peer with it (since v3.30). */
  readonly localWorkloadSelector: WrittenSelector | null;
  /** Null or 0: the cluster's. */
  readonly asNumber: number | null;
  /** What the nodes say they are, instead of their own (since v3.31). */
  readonly localASNumber: number | null;
  readonly keepOriginalNextHop: boolean;
  readonly nextHopMode: "Auto" | "Self" | "Keep" | null;
  readonly password: SecretKeyReference | null;
  readonly sourceAddress: "UseNodeIP" | "None";
  /** Seconds. */
  readonly maxRestartTime: number | null;
  /** Seconds. */
  readonly keepaliveTime: number | null;
  readonly numAllowedLocalASNumbers: number | null;
  /** Hops; 0 and null: not used. */
  readonly ttlSecurity: number | null;
  readonly filters: readonly string[];
  /** The gateway to a peer behind it. */
  readonly reachableBy: Address | null;
  readonly reversePeering: "Auto" | "Manual";
}

/** Null for what is no address and port; a port that is none counts as none (confd, parseIPPort). */
export function parsePeerAddress(written: string): PeerAddress | null {
  const whole = parseAddress(written);
  if (whole !== null) return { address: whole, port: null };
  const [, bracketed, plain, digits = ""] = /^(?:\[([^\]]*)\]|([^:]*)):(\d+)$/.exec(written) ?? [];
  const address = parseAddress(bracketed ?? plain ?? "");
  const port = Number(digits);
  return address === null || port > 65535 ? null : { address, port: port === 0 ? null : port };
}

function peerAddressField(field: Field): PeerAddress | null {
  const written = text(field);
  if (written === null || written === "") return null;
  const peer = parsePeerAddress(written);
  if (peer === null) complain(field, "an IP address, with or without a port");
  return peer;
}

/** `ttlSecurity` is a uint8. */
function hopsField(field: Field): number | null {
  const hops = integer(field);
  if (hops === null || (hops >= 0 && hops <= 255)) return hops;
  complain(field, "a number of hops from 0 to 255");
  return null;
}

export function readBGPPeer(resource: Field, origin: Origin): BGPPeer {
  const spec = member(resource, "spec");
  const peerIP = peerAddressField(member(spec, "peerIP"));
  const reachable = text(member(spec, "reachableBy")) || null;
  const reachableBy = reachable === null ? null : parseAddress(reachable);
  if (reachable !== null && reachableBy === null) complain(member(spec, "reachableBy"), "an IP address");
  return {
    metadata: readMetadata(resource, origin),
    node: text(member(spec, "node")) || null,
    nodeSelector: writtenSelector(member(spec, "nodeSelector")),
    peerIP,
    peerSelector: writtenSelector(member(spec, "peerSelector")),
    localWorkloadSelector: writtenSelector(member(spec, "localWorkloadSelector")),
    asNumber: asNumberField(member(spec, "asNumber")),
    localASNumber: asNumberField(member(spec, "localASNumber")),
    keepOriginalNextHop: flag(member(spec, "keepOriginalNextHop")) ?? false,
    nextHopMode: oneOf(member(spec, "nextHopMode"), ["Auto", "Self", "Keep"]),
    password: secretKeyReference(member(spec, "password")),
    sourceAddress: oneOf(member(spec, "sourceAddress"), ["UseNodeIP", "None"]) ?? "UseNodeIP",
    maxRestartTime: durationField(member(spec, "maxRestartTime")),
    keepaliveTime: durationField(member(spec, "keepaliveTime")),
    numAllowedLocalASNumbers: integer(member(spec, "numAllowedLocalASNumbers")),
    ttlSecurity: hopsField(member(spec, "ttlSecurity")),
    filters: listOf(member(spec, "filters"), text),
    reachableBy,
    reversePeering: oneOf(member(spec, "reversePeering"), ["Auto", "Manual"]) ?? "Auto",
  };
}
