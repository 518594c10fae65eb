/** Ten-thousandths of a second: the unit of XT_LIMIT_SCALE. */
const SCALE = 10_000;

const UNITS: readonly (readonly [name: string, seconds: number])[] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];
/** Units as iptables-save prints them, from the longest. */
const PRINTED: readonly (readonly [name: string, period: number])[] = [
  ["day", 86_400 * SCALE],
  ["hour", 3_600 * SCALE],
  ["min", 60 * SCALE],
  ["sec", SCALE],
];

/**
 * `5/minute` as the time between packets in ten-thousandths of a second, cut to a whole number as libxt_limit.c
 * parse_rate does; null when malformed or faster than one each.
 */
export function parseRate(text: string): number | null {
  const parts = /^(\d{1,9})(?:\/([a-z]+))?$/i.exec(text);
  if (parts === null) return null;
  const [, count = "0", unit = "second"] = parts;
  const seconds = UNITS.find(([name]) => name.startsWith(unit.toLowerCase()))?.[1];
  if (seconds === undefined || Number(count) === 0) return null;
  const period = Math.floor((SCALE * seconds) / Number(count));
  return period === 0 ? null : period;
}

/** The rate in the unit iptables-save picks (libxt_limit.c print_rate). */
export function formatRate(period: number): string {
  let chosen = PRINTED[0];
  for (const unit of PRINTED.slice(1)) {
    const [, length] = unit;
    if (period > length || Math.floor(length / period) < length % period) break;
    chosen = unit;
  }
  const [name, length] = chosen ?? ["sec", SCALE];
  return `${Math.floor(length / period)}/${name}`;
}

/** A bucket of credit, in ten-thousandths of a second, and when it was last filled (s). */
export interface Bucket {
  credit: number;
  filledAt: number;
}

/** Credit that rounding of the clock may lose. */
const EPSILON = 1e-3;

/** Fills the bucket up to `burst` packets for the time gone by, and takes one packet's worth if there is enough. */
export function takePacket(bucket: Bucket, now: number, period: number, burst: number): boolean {
  bucket.credit = Math.min(period * burst, bucket.credit + (now - bucket.filledAt) * SCALE);
  bucket.filledAt = now;
  if (bucket.credit + EPSILON < period) return false;
  bucket.credit = Math.max(0, bucket.credit - period);
  return true;
}
