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

/** A field that Calico refuses beside others is complained of, and left out (x-kubernetes-validations of the CRD, validator.go). */
function unless<T>(refused: boolean, field: Field, value: T | null, expected: string): T | null {
  if (!refused || value === null) return value;
  complain(field, expected);
  return null;
}

export function readBGPPeer(resource: Field, origin: Origin): BGPPeer {
  const spec = member(resource, "spec");
  const field = (name: string): Field => member(spec, name);
  const nodeSelector = writtenSelector(field("nodeSelector"));
  const peerSelector = writtenSelector(field("peerSelector"));
  const localWorkloadSelector = unless(
    peerSelector !== null,
    field("localWorkloadSelector"),
    writtenSelector(field("localWorkloadSelector")),
    "none beside peerSelector",
  );
  const isChosen = peerSelector !== null || localWorkloadSelector !== null;
  const peerIP = unless(
    isChosen,
    field("peerIP"),
    peerAddressField(field("peerIP")),
    "none beside a selector of peers",
  );
  const nextHopMode = oneOf(field("nextHopMode"), ["Auto", "Self", "Keep"]);
  const keeps = flag(field("keepOriginalNextHop")) === true ? true : null;
  return {
    metadata: readMetadata(resource, origin),
    node: unless(nodeSelector !== null, field("node"), text(field("node")) || null, "none beside nodeSelector"),
    nodeSelector,
    peerIP,
    peerSelector,
    localWorkloadSelector,
    asNumber: unless(
      peerSelector !== null,
      field("asNumber"),
      asNumberField(field("asNumber")) || null,
      "none beside peerSelector: each node has its own",
    ),
    localASNumber: asNumberField(field("localASNumber")),
    keepOriginalNextHop:
      unless(nextHopMode !== null, field("keepOriginalNextHop"), keeps, "none beside nextHopMode") === true,
    nextHopMode,
    password: secretKeyReference(field("password")),
    sourceAddress: oneOf(field("sourceAddress"), ["UseNodeIP", "None"]) ?? "UseNodeIP",
    maxRestartTime: durationField(field("maxRestartTime")),
    keepaliveTime: durationField(field("keepaliveTime")),
    numAllowedLocalASNumbers: integer(field("numAllowedLocalASNumbers")),
    ttlSecurity: hopsField(field("ttlSecurity")),
    filters: listOf(field("filters"), text),
    reachableBy: gatewayField(field("reachableBy"), peerIP),
    reversePeering: oneOf(field("reversePeering"), ["Auto", "Manual"]) ?? "Auto",
  };
}

/** The gateway to a peer: of its family, and to nobody where the peer has no address of its own. */
function gatewayField(field: Field, peerIP: PeerAddress | null): Address | null {
  const written = text(field) || null;
  if (written === null) return null;
  const gateway = parseAddress(written);
  if (gateway !== null && peerIP !== null && gateway.family === peerIP.address.family) return gateway;
  const expected =
    peerIP === null
      ? "none without peerIP"
      : gateway === null
        ? "an IP address"
        : `an IPv${peerIP.address.family} address, as peerIP is one`;
  complain(field, expected);
  return null;
}
