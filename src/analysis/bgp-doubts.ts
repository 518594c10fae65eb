import { type BgpRun, choicesOf, unsettledRoutes } from "../bgp/reconverge.ts";
import type { Finding } from "../model/finding.ts";

/** What the routes that BGP left rest on: ways that no dump tells, and routes that never come to rest. */
export function bgpDoubts(run: BgpRun): readonly Finding[] {
  const guesses = choicesOf(run).map(
    (choice): Finding => ({
      code: "bgp-rests-on-a-guess",
      severity: "warning",
      message: `BGP ran on, though nobody knows: ${choice}.`,
    }),
  );
  const unsettled = [...unsettledRoutes(run)].slice(0, MOST).map(
    ([destination, hosts]): Finding => ({
      code: "bgp-does-not-settle",
      severity: "warning",
      message: `The routes to ${destination} change on and on, at this moment on ${listOf(hosts)}: each change brings the next. What is shown is one moment of it.`,
    }),
  );
  return [...unsettled, ...guesses];
}

/** Destinations and hosts that are named. */
const MOST = 20;

function listOf(hosts: readonly string[]): string {
  const named = hosts.slice(0, MOST).join(", ");
  return hosts.length > MOST ? `${named} and ${hosts.length - MOST} more` : named;
}
