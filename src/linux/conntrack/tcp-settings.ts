import { sysctl } from "../device-settings.ts";
import type { HostRuntime } from "../runtime.ts";

/** Switches of the TCP tracker, `net.netfilter.nf_conntrack_tcp_*`. */
export interface TcpSettings {
  /** Picks up connections in the middle. */
  readonly loose: boolean;
  /** Only resets out of the window are invalid. */
  readonly liberal: boolean;
  readonly ignoreInvalidReset: boolean;
}

const known = new WeakMap<HostRuntime, TcpSettings>();

export function tcpSettings(runtime: HostRuntime): TcpSettings {
  const made = known.get(runtime);
  if (made !== undefined) return made;
  const settings: TcpSettings = {
    loose: sysctl(runtime, "net.netfilter.nf_conntrack_tcp_loose", 1) !== 0,
    liberal: sysctl(runtime, "net.netfilter.nf_conntrack_tcp_be_liberal", 0) !== 0,
    ignoreInvalidReset: sysctl(runtime, "net.netfilter.nf_conntrack_tcp_ignore_invalid_rst", 0) !== 0,
  };
  known.set(runtime, settings);
  return settings;
}
