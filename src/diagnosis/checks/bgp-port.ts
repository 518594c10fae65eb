import type { Match, Rule } from "../../model/ruleset.ts";
import { TCP } from "../../net/protocol.ts";

const BGP_PORT = 179;
/** A longer range of ports names none of them. */
const NAMED = 16;

/** `tcp dport 179`, `th sport { 179, 4789 }`, `tcp dport bgp` of nft's own rules; a set of a name is none. */
const NFT_PORTS = /\b(?:tcp|th) [sd]port (?:== )?(\{[^}]{0,400}\}|\S+)/g;

/** True for a rule that names TCP port 179, by itself or among a few. */
export function namesBgp({ protocol, matches, nft }: Rule): boolean {
  if (nft !== undefined) return [...nft.text.matchAll(NFT_PORTS)].some(([, ports = ""]) => isNamedByNft(ports));
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

function isNamedByNft(ports: string): boolean {
  const named = ports.replace(/[{}]/g, "").split(",");
  return (
    named.length <= NAMED &&
    named.some((port) => {
      const [first = "", last = first] = port.trim().split("-");
      return first === "bgp" || isNamed({ first: Number(first), last: Number(last) });
    })
  );
}
