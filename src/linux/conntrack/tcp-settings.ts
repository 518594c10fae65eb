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

export const tcpSettings = remembered(
  (runtime: HostRuntime): TcpSettings => ({
    loose: sysctl(runtime, "net.netfilter.nf_conntrack_tcp_loose", 1) !== 0,
    liberal: sysctl(runtime, "net.netfilter.nf_conntrack_tcp_be_liberal", 0) !== 0,
    ignoreInvalidReset: sysctl(runtime, "net.netfilter.nf_conntrack_tcp_ignore_invalid_rst", 0) !== 0,
  }),
);
