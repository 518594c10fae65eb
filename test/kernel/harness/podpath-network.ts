import type { Host } from "../../../src/model/host.ts";
import type { Network } from "../../../src/model/network.ts";
import { rulesetOf } from "./lab.ts";

/**
 * The Network with the given hosts silenced, as the oracle's `mute` does: packets without an owner never leave. In the
 * table `security`, which no test uses otherwise, so that the comparison can leave its rules out.
 */
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
