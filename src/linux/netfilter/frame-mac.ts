import type { Interface } from "../../model/interface.ts";
import { formatAddress } from "../../net/address.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";
import { unknownOutcome } from "./unknown-outcome.ts";

/** What every frame on `lo` has on both sides of its header. */
export const LOOPBACK_MAC = "00:00:00:00:00:00";

/** A MAC address that a dump told; `(host device)` stands for one of a device that none did. */
export function isTold(mac: string): boolean {
  return mac !== "" && !mac.startsWith("(");
}

/**
 * The MAC address on one side of the frame that the packet came in: empty without an Ethernet header, as for packets of this
 * host and of layer-3 tunnels; null where no dump tells it. A frame that a bridge forwards has its header in POSTROUTING, too,
 * where `br_nf_post_routing()` names no input device (`facts/macs-of-bridged-frames`).
 */
export function frameMac(skb: Skb, side: "src" | "dst"): string | null {
  const { carrier, sourceMac, destinationMac } = skb;
  // A copy by TEE has a route, and no header of its own yet.
  const input = skb.input ?? (skb.route === null ? (skb.bridged?.physicalInput ?? null) : null);
  // Nor has a copy of what this host sends to many (dev_loopback_xmit()).
  if (input === null || carrier !== null || skb.loopedBack) return "";
  if (input.kind === "loopback") return LOOPBACK_MAC;
  if (carriesBarePackets(input, sourceMac)) return "";
  const mac = side === "src" ? sourceMac : destinationMac;
  return isTold(mac) ? mac : null;
}

/** Whether no packet on the device has an Ethernet header: tunnels of layer 3. */
export function carriesBarePackets({ kind, mac, name }: Interface, sourceMac: string): boolean {
  switch (kind) {
    case "ipip":
    case "wireguard":
      return true;
    case "tun":
      // A tap has a MAC address. What is called tun, or was dumped without one, carries bare packets.
      return mac === null && !isTold(sourceMac) && !name.startsWith("tap");
    default:
      return false;
  }
}

/** Whether what comes in by the device has an Ethernet header: of kinds that podpath does not know only a MAC address tells. */
export function hasEthernetHeader(runtime: HostRuntime, { kind, mac, name }: Interface): boolean {
  if (mac !== null || (kind !== "other" && kind !== "tun")) return true;
  return unknownOutcome(runtime, {
    code: "frame-mac",
    item: `link of ${name}`,
    fields: "",
    question: `do packets on ${name} have Ethernet headers?`,
    no: "they have not",
    yes: "they have",
    command: `ip -details link show dev ${name}`,
  });
}

/** A MAC address that no dump tells, in words, the same for all frames of which it must be the same. */
export function untoldMac({ input, packet, sourceMac, destinationMac }: Skb, side: "src" | "dst"): string {
  const device = input?.name ?? "";
  if (side === "dst") return destinationMac === "" ? `MAC address of ${device}` : `MAC address ${destinationMac}`;
  return sourceMac === "" ? `MAC address of ${formatAddress(packet.src)} on ${device}` : `MAC address ${sourceMac}`;
}

/** Whether a frame comes from the MAC address that `wanted` says in words, where no dump tells its sender's. */
export function comesFrom(runtime: HostRuntime, skb: Skb, wanted: string): boolean {
  const sender = untoldMac(skb, "src");
  return unknownOutcome(runtime, {
    code: "frame-mac",
    item: sender,
    fields: wanted,
    question: `is the source ${sender} ${wanted}?`,
    no: "it is not",
    yes: "it is",
    command: `tcpdump -ne -i ${skb.input?.name ?? "any"} src ${formatAddress(skb.packet.src)}`,
  });
}
