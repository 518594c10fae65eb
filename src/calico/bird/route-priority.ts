import type { BirdContext } from "./bird-context.ts";

/** The metric of routes that are no live migration's (bgp_processor.go, getNormalRoutePriority). */
export function normalRoutePriority(family: 4 | 6, { configuration }: BirdContext): number {
  const own = family === 4 ? configuration?.ipv4NormalRoutePriority : configuration?.ipv6NormalRoutePriority;
  return own ?? 1024;
}
