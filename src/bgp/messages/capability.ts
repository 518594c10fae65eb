import type { Reader, Writer } from "./octets.ts";

export const AFI_IPV4 = 1;
export const AFI_IPV6 = 2;
export const SAFI_UNICAST = 1;

/** Directions of ADD-PATH (RFC 7911 section 4). */
export const ADD_PATH_RECEIVE = 1;
export const ADD_PATH_SEND = 2;

interface AddressFamily {
  readonly afi: number;
  readonly safi: number;
}

/** A capability of an OPEN (RFC 5492). */
export type Capability =
  | ({ readonly kind: "multiprotocol" } & AddressFamily)
  | { readonly kind: "route-refresh" }
  | { readonly kind: "extended-message" }
  | { readonly kind: "enhanced-refresh" }
  | {
      readonly kind: "graceful-restart";
      /** Restart flags, four bits (RFC 4724 section 3); 8: the sender has restarted. */
      readonly flags: number;
      /** Seconds, 12 bits. */
      readonly time: number;
      readonly families: readonly (AddressFamily & { readonly flags: number })[];
    }
  /** Next hops of another family may come with destinations of these (RFC 8950). */
  | {
      readonly kind: "extended-next-hop";
      readonly families: readonly (AddressFamily & { readonly nextHopAfi: number })[];
    }
  | { readonly kind: "as4"; readonly as: number }
  | { readonly kind: "add-path"; readonly families: readonly (AddressFamily & { readonly mode: number })[] }
  | {
      readonly kind: "long-lived-graceful-restart";
      /** Time in seconds, 24 bits. */
      readonly families: readonly (AddressFamily & { readonly flags: number; readonly time: number })[];
    }
  | { readonly kind: "unknown"; readonly code: number; readonly value: Uint8Array };

const MULTIPROTOCOL = 1;
const REFRESH = 2;
const EXTENDED_NEXT_HOP = 5;
const EXTENDED_MESSAGE = 6;
const GRACEFUL_RESTART = 64;
const AS4 = 65;
const ADD_PATH = 69;
const ENHANCED_REFRESH = 70;
const LONG_LIVED = 71;

/** Writes code, length and value. */
export function writeCapability(out: Writer, capability: Capability): void {
  switch (capability.kind) {
    case "multiprotocol":
      out.u8(MULTIPROTOCOL).u8(4).u16(capability.afi).u8(0).u8(capability.safi);
      return;
    case "route-refresh":
      out.u8(REFRESH).u8(0);
      return;
    case "extended-message":
      out.u8(EXTENDED_MESSAGE).u8(0);
      return;
    case "enhanced-refresh":
      out.u8(ENHANCED_REFRESH).u8(0);
      return;
    case "graceful-restart":
      out.u8(GRACEFUL_RESTART).u8(2 + 4 * capability.families.length);
      out.u16((capability.flags << 12) | capability.time);
      for (const { afi, safi, flags } of capability.families) out.u16(afi).u8(safi).u8(flags);
      return;
    case "extended-next-hop":
      out.u8(EXTENDED_NEXT_HOP).u8(6 * capability.families.length);
      for (const { afi, safi, nextHopAfi } of capability.families) out.u16(afi).u16(safi).u16(nextHopAfi);
      return;
    case "as4":
      out.u8(AS4).u8(4).u32(capability.as);
      return;
    case "add-path":
      out.u8(ADD_PATH).u8(4 * capability.families.length);
      for (const { afi, safi, mode } of capability.families) out.u16(afi).u8(safi).u8(mode);
      return;
    case "long-lived-graceful-restart":
      out.u8(LONG_LIVED).u8(7 * capability.families.length);
      for (const { afi, safi, flags, time } of capability.families) {
        out
          .u16(afi)
          .u8(safi)
          .u8(flags)
          .u8(time >>> 16)
          .u16(time & 0xffff);
      }
      return;
    case "unknown":
      out.u8(capability.code).u8(capability.value.length).bytes(capability.value);
      return;
  }
}

/** Reads one capability; null when it is cut off. One with a length that its code does not allow is kept as unknown. */
export function readCapability(input: Reader): Capability | null {
  const code = input.u8();
  const value = input.take(input.u8());
  if (code === null || value === null) return null;
  return known(code, value.length, value) ?? { kind: "unknown", code, value: value.rest() };
}

function known(code: number, length: number, value: Reader): Capability | null {
  switch (code) {
    case MULTIPROTOCOL: {
      if (length !== 4 || value.at(2) !== 0) return null;
      const afi = value.u16() ?? 0;
      return { kind: "multiprotocol", afi, safi: value.u16() ?? 0 };
    }
    case REFRESH:
      return length === 0 ? { kind: "route-refresh" } : null;
    case EXTENDED_MESSAGE:
      return length === 0 ? { kind: "extended-message" } : null;
    case ENHANCED_REFRESH:
      return length === 0 ? { kind: "enhanced-refresh" } : null;
    case GRACEFUL_RESTART: {
      if (length < 2 || (length - 2) % 4 !== 0) return null;
      const word = value.u16() ?? 0;
      const families = [];
      while (value.left > 0) families.push({ afi: value.u16() ?? 0, safi: value.u8() ?? 0, flags: value.u8() ?? 0 });
      return { kind: "graceful-restart", flags: word >>> 12, time: word & 0xfff, families };
    }
    case EXTENDED_NEXT_HOP: {
      if (length % 6 !== 0) return null;
      const families = [];
      while (value.left > 0) {
        families.push({ afi: value.u16() ?? 0, safi: value.u16() ?? 0, nextHopAfi: value.u16() ?? 0 });
      }
      return { kind: "extended-next-hop", families };
    }
    case AS4:
      return length === 4 ? { kind: "as4", as: value.u32() ?? 0 } : null;
    case ADD_PATH: {
      if (length % 4 !== 0) return null;
      const families = [];
      while (value.left > 0) families.push({ afi: value.u16() ?? 0, safi: value.u8() ?? 0, mode: value.u8() ?? 0 });
      return { kind: "add-path", families };
    }
    case LONG_LIVED: {
      if (length % 7 !== 0) return null;
      const families = [];
      while (value.left > 0) {
        const afi = value.u16() ?? 0;
        const safi = value.u8() ?? 0;
        const flags = value.u8() ?? 0;
        const high = value.u8() ?? 0;
        families.push({ afi, safi, flags, time: (high << 16) | (value.u16() ?? 0) });
      }
      return { kind: "long-lived-graceful-restart", families };
    }
    default:
      return null;
  }
}
