import { nftChainsOf } from "../../analysis/nft-chains.ts";
import type { Host } from "../../model/host.ts";
import { NO_ORIGIN, type Origin } from "../../model/origin.ts";
import { formatAddress } from "../../net/address.ts";
import { formatProtocol } from "../../net/protocol.ts";
import { type LoggedPacket, loggedPacket } from "../../readers/logs/logged-packet.ts";
import type { Check } from "./check.ts";

/** So many kinds of packets of one host are told. */
const TOLD = 10;

/** Packets that rules with `-j LOG` wrote into the kernel's log, and the rule that did, by its prefix. */
export const packetLogged: Check = ({ network, evidence }) =>
  [...evidence].flatMap(([name, { logLines }]) => {
    const found = new Map<string, { readonly packet: LoggedPacket; readonly origin: Origin; count: number }>();
    for (const { text, origin } of logLines) {
      const packet = text.includes("IN=") ? loggedPacket(text) : null;
      if (packet === null) continue;
      const key = `${packet.prefix} ${shown(packet)}`;
      const known = found.get(key);
      if (known === undefined) found.set(key, { packet, origin, count: 1 });
      else known.count++;
    }
    const host = network.hosts.get(name);
    return [...found.values()].slice(0, TOLD).map(({ packet, origin, count }) => ({
      severity: "info" as const,
      message: `${name} logged ${count === 1 ? "a packet" : `${count} packets`} ${shown(packet)}${packet.prefix.trim() === "" ? "" : ` as “${packet.prefix.trim()}”`}`,
      at: origin,
      beside: host === undefined ? NO_ORIGIN : ruleWith(host, packet.prefix),
    }));
  });

function shown({ source, destination, protocol, destinationPort, inInterface, outInterface }: LoggedPacket): string {
  const what = protocol === null ? "" : ` ${formatProtocol(protocol)}`;
  const port = destinationPort === null ? "" : ` port ${destinationPort}`;
  const way = [
    ...(inInterface === null ? [] : [`in by ${inInterface}`]),
    ...(outInterface === null ? [] : [`out by ${outInterface}`]),
  ].join(", ");
  return `from ${formatAddress(source)} to ${formatAddress(destination)}${what}${port}${way === "" ? "" : ` (${way})`}`;
}

const NFT_LOG = /\blog prefix "([^"]*)"/;

/** The only rule that logs with the prefix. */
function ruleWith(host: Host, prefix: string): Origin {
  if (prefix.trim() === "") return NO_ORIGIN;
  const { rulesets } = host;
  const rules = rulesets.flatMap(({ tables }) =>
    [...tables.values()].flatMap(({ chains }) =>
      [...chains.values()].flatMap((chain) =>
        chain.rules.filter(({ target }) => {
          if (target?.kind !== "extension" || target.call.name !== "LOG") return false;
          return target.call.options.prefix.trim() === prefix.trim();
        }),
      ),
    ),
  );
  const own = nftChainsOf(host).flatMap(({ chain }) =>
    chain.rules.filter(({ nft }) => NFT_LOG.exec(nft?.text ?? "")?.[1]?.trim() === prefix.trim()),
  );
  const [rule, another] = [...rules, ...own];
  return rule === undefined || another !== undefined ? NO_ORIGIN : rule.origin;
}
