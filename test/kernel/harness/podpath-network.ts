import type { Host } from "../../../src/model/host.ts";
import type { Network } from "../../../src/model/network.ts";
import type { Chain } from "../../../src/model/ruleset.ts";
import { rulesetOf } from "./lab.ts";

const silencing = new WeakSet<Chain>();

/** Whether a chain is one of those that silence a host: the oracle's has no trace, so the comparison leaves them out. */
export function silences(chain: Chain): boolean {
  return silencing.has(chain);
}

/** The Network with the given hosts silenced, as the oracle's `mute` does: packets without an owner never leave. */
export function muted(network: Network, names: readonly string[]): Network {
  const silence = ([4, 6] as const).flatMap((family) =>
    rulesetOf(
      {
        family,
        text: "*security\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -m owner --uid-owner 0-4294967294 -j ACCEPT\n-A OUTPUT -j DROP\nCOMMIT\n",
      },
      network.origins,
    ),
  );
  for (const { tables } of silence) {
    for (const { chains } of tables.values()) for (const chain of chains.values()) silencing.add(chain);
  }
  const hosts = new Map(network.hosts);
  for (const name of names) {
    const host = hosts.get(name);
    if (host !== undefined) hosts.set(name, { ...host, rulesets: [...host.rulesets, ...silence] });
  }
  return { ...network, hosts };
}

/** The Network with one host changed. */
export function withHost(network: Network, name: string, change: Partial<Host>): Network {
  const host = network.hosts.get(name);
  if (host === undefined) throw new Error(`no host ${name}`);
  return { ...network, hosts: new Map(network.hosts).set(name, { ...host, ...change }) };
}
