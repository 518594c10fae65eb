import type { Host } from "../../model/host.ts";
import { sysctl } from "../device-settings.ts";
import { remembered } from "../remembered.ts";
import type { HostRuntime } from "../runtime.ts";

/** Switches of the TCP tracker, `net.netfilter.nf_conntrack_tcp_*`. */
export interface TcpSettings {
  /** Picks up connections in the middle. */
  readonly loose: boolean;
  /** Only resets out of the window are invalid. */
  readonly liberal: boolean;
  readonly ignoreInvalidReset: boolean;
}

/** What was read of a living host, as long as it is that host. */
interface Told {
  host: Host;
  settings: TcpSettings;
}

const toldBy = remembered((runtime: HostRuntime): Told => ({ host: runtime.host, settings: read(runtime) }));

export function tcpSettings(runtime: HostRuntime): TcpSettings {
  const told = toldBy(runtime);
  if (told.host !== runtime.host) {
    told.host = runtime.host;
    told.settings = read(runtime);
  }
  return told.settings;
}

function read(runtime: HostRuntime): TcpSettings {
  return {
    loose: sysctl(runtime, "net.netfilter.nf_conntrack_tcp_loose", 1) !== 0,
    liberal: sysctl(runtime, "net.netfilter.nf_conntrack_tcp_be_liberal", 0) !== 0,
    ignoreInvalidReset: sysctl(runtime, "net.netfilter.nf_conntrack_tcp_ignore_invalid_rst", 0) !== 0,
  };
}
