import { type BridgeDevice, type BridgePort, type BridgePortState, bridgePort } from "../../model/interface.ts";

/** Words of a `bridge` or `bridge_slave` line whose value the model knows or names (ip/iplink_bridge.c, iplink_bridge_slave.c). */
export const BRIDGE_OPTIONS: ReadonlySet<string> = new Set(["vlan_filtering", "nf_call_iptables", "nf_call_ip6tables"]);
export const BRIDGE_PORT_OPTIONS: ReadonlySet<string> = new Set([
  "state",
  "hairpin",
  "learning",
  "flood",
  "mcast_flood",
  "bcast_flood",
  "isolated",
  "locked",
  "proxy_arp",
  "proxy_arp_wifi",
  "neigh_suppress",
  "vlan_tunnel",
  "backup_port",
]);

const STATES: readonly BridgePortState[] = ["disabled", "listening", "learning", "forwarding", "blocking"];

function isOn(options: ReadonlyMap<string, string>, name: string, otherwise: boolean): boolean {
  const value = options.get(name);
  return value === undefined ? otherwise : value === "on" || value === "1" || value === "true";
}

/** The options of a `bridge` line. */
export function bridgeDevice(options: ReadonlyMap<string, string>): BridgeDevice {
  return {
    vlanFiltering: isOn(options, "vlan_filtering", false),
    nfCallIptables: isOn(options, "nf_call_iptables", false),
    nfCallIp6tables: isOn(options, "nf_call_ip6tables", false),
  };
}

/** The options of a `bridge_slave` line. */
export function bridgePortOf(options: ReadonlyMap<string, string>): BridgePort {
  const state = options.get("state");
  const unmodelled = ["proxy_arp", "proxy_arp_wifi", "neigh_suppress", "vlan_tunnel"].filter((name) =>
    isOn(options, name, false),
  );
  return bridgePort({
    state: STATES.find((known) => known === state) ?? null,
    hairpin: isOn(options, "hairpin", false),
    isolated: isOn(options, "isolated", false),
    learning: isOn(options, "learning", true),
    flood: isOn(options, "flood", true),
    multicastFlood: isOn(options, "mcast_flood", true),
    broadcastFlood: isOn(options, "bcast_flood", true),
    locked: isOn(options, "locked", false),
    unmodelled: options.has("backup_port") ? [...unmodelled, "backup_port"] : unmodelled,
  });
}
