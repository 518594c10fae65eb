import type { Protocol, RouteChangeStats } from "./protocol.ts";

/** What neighbours who are told the same count together of the routes that go out to them. */
export interface ExportCounts {
  received: number;
  rejected: number;
  filtered: number;
  accepted: number;
  withdrawsReceived: number;
  withdrawsAccepted: number;
  exported: number;
}

export function noCounts(): ExportCounts {
  return {
    received: 0,
    rejected: 0,
    filtered: 0,
    accepted: 0,
    withdrawsReceived: 0,
    withdrawsAccepted: 0,
    exported: 0,
  };
}

/** The part that a protocol has in counts of several: what was counted since it came. */
export interface CountedTogether {
  readonly counts: ExportCounts;
  readonly since: ExportCounts;
}

/** Routes that are given out. */
export function exportedBy({ exported, together }: Protocol): number {
  return exported + (together === null ? 0 : together.counts.exported - together.since.exported);
}

/** The numbers of `show protocols all`. */
export function statsOf({ stats, together }: Protocol): RouteChangeStats {
  if (together === null) return stats;
  const { counts, since } = together;
  const { exportUpdates: own, exportWithdraws: ownWithdraws } = stats;
  return {
    ...stats,
    exportUpdates: {
      received: own.received + counts.received - since.received,
      rejected: own.rejected + counts.rejected - since.rejected,
      filtered: own.filtered + counts.filtered - since.filtered,
      accepted: own.accepted + counts.accepted - since.accepted,
    },
    exportWithdraws: {
      received: ownWithdraws.received + counts.withdrawsReceived - since.withdrawsReceived,
      accepted: ownWithdraws.accepted + counts.withdrawsAccepted - since.withdrawsAccepted,
    },
  };
}

/** A protocol counts alone from now on. */
export function countAlone(item: Protocol): void {
  item.exported = exportedBy(item);
  item.stats = statsOf(item);
  item.together = null;
}
