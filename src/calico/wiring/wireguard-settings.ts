import { isRecord } from "../../kubernetes/field.ts";
import type { Family } from "../../net/address.ts";
import { allocateMarkBits } from "../felix/mark-bits.ts";

/** What FelixConfiguration says of WireGuard on a node (felix/wireguard/config.go). */
export interface WireguardSettings {
  readonly enabled: Readonly<Record<Family, boolean>>;
  readonly device: Readonly<Record<Family, string>>;
  readonly port: Readonly<Record<Family, number>>;
  /** Of the devices; null: from the machine's devices. */
  readonly mtu: Readonly<Record<Family, number | null>>;
  /** Routing table. Felix takes the first two of its range, whether it uses them or not. */
  readonly table: Readonly<Record<Family, number>>;
  /** Of the rule that leads to the table. */
  readonly priority: number;
  /** Mark of packets that are encrypted already. */
  readonly mark: number;
  readonly hostEncryption: boolean;
}

const DEFAULT_MARK_MASK = 0xffff0000;

/**
 * @param felix a field of FelixConfiguration
 * @param hasDropBit of the marks, since v3.30
 */
export function wireguardSettings(felix: (key: string) => unknown, hasDropBit: boolean): WireguardSettings {
  const number = (key: string): number | null => {
    const value = felix(key);
    return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : null;
  };
  const text = (key: string, fallback: string): string => {
    const value = felix(key);
    return typeof value === "string" && value !== "" ? value : fallback;
  };
  const uses = { drop: hasDropBit, wireguard: true };
  const marks =
    allocateMarkBits(number("iptablesMarkMask") ?? DEFAULT_MARK_MASK, uses) ??
    allocateMarkBits(DEFAULT_MARK_MASK, uses);
  const [table4, table6] = firstTables(felix("routeTableRanges"), felix("routeTableRange"));
  return {
    enabled: { 4: felix("wireguardEnabled") === true, 6: felix("wireguardEnabledV6") === true },
    device: {
      4: text("wireguardInterfaceName", "wireguard.cali"),
      6: text("wireguardInterfaceNameV6", "wg-v6.cali"),
    },
    port: { 4: number("wireguardListeningPort") ?? 51_820, 6: number("wireguardListeningPortV6") ?? 51_821 },
    mtu: { 4: number("wireguardMTU"), 6: number("wireguardMTUV6") },
    table: { 4: table4, 6: table6 },
    priority: number("wireguardRoutingRulePriority") ?? 99,
    mark: marks?.wireguard ?? 0,
    hostEncryption: felix("wireguardHostEncryptionEnabled") === true,
  };
}

const LAST_FREE = 252;

/** The first two tables of `routeTableRanges`, else of `routeTableRange`, else of 1 to 250. */
function firstTables(ranges: unknown, range: unknown): readonly [number, number] {
  const written: readonly unknown[] = Array.isArray(ranges) ? ranges : range === undefined ? [] : [range];
  const tables: number[] = [];
  for (const one of written) {
    if (!isRecord(one)) continue;
    const { min, max } = one;
    if (typeof min !== "number" || typeof max !== "number") continue;
    // tables 253 to 255 are the kernel's
    for (let table = min; table <= max && tables.length < 2; table++)
      if (table <= LAST_FREE || table > 255) tables.push(table);
  }
  const [first = 1, second = first + 1] = tables;
  return [first, second];
}
