import type { Match, Rule } from "../../model/ruleset.ts";
import { TCP } from "../../net/protocol.ts";

const BGP_PORT = 179;
/** A longer range of ports names none of them. */
const NAMED = 16;

/** True for a rule that names TCP port 179, by itself or among a few. */
export function namesBgp({ protocol, matches }: Rule): boolean {
  return protocol?.number === TCP && !protocol.invert && matches.some(matchNamesBgp);
}

function matchNamesBgp(match: Match): boolean {
  if (match.name === "tcp") {
    const { dport, sport } = match.options;
    return [dport, sport].some((port) => port !== null && !port.invert && isNamed(port));
  }
  return match.name === "multiport" && !match.options.invert && match.options.ranges.some(isNamed);
}

function isNamed({ first, last }: { readonly first: number; readonly last: number }): boolean {
  return first <= BGP_PORT && BGP_PORT <= last && last - first < NAMED;
}
