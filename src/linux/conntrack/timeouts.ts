import type { Host } from "../../model/host.ts";
import { readSetting, type Setting, settingOf } from "../device-settings.ts";
import { remembered } from "../remembered.ts";
import type { HostRuntime } from "../runtime.ts";

/**
 * Seconds that an entry lives without another packet, and how many retransmissions shorten that, `net.netfilter.nf_conntrack_<name>`, as a fresh namespace of
 * Linux 6.18 has them (measured: test/kernel/facts/conntrack.test.ts).
 */
const DEFAULTS = {
  generic_timeout: 600,
  gre_timeout: 30,
  gre_timeout_stream: 180,
  icmp_timeout: 30,
  icmpv6_timeout: 30,
  sctp_timeout_closed: 10,
  sctp_timeout_cookie_echoed: 3,
  sctp_timeout_cookie_wait: 3,
  sctp_timeout_established: 210,
  sctp_timeout_heartbeat_sent: 30,
  sctp_timeout_shutdown_ack_sent: 3,
  sctp_timeout_shutdown_recd: 3,
  sctp_timeout_shutdown_sent: 3,
  tcp_max_retrans: 3,
  tcp_timeout_close: 10,
  tcp_timeout_close_wait: 60,
  tcp_timeout_established: 432000,
  tcp_timeout_fin_wait: 120,
  tcp_timeout_last_ack: 30,
  tcp_timeout_max_retrans: 300,
  tcp_timeout_syn_recv: 60,
  tcp_timeout_syn_sent: 120,
  tcp_timeout_time_wait: 120,
  tcp_timeout_unacknowledged: 300,
  udp_timeout: 30,
  udp_timeout_stream: 120,
} as const;

export type TimeoutName = keyof typeof DEFAULTS;

type Timeouts = { readonly [name in TimeoutName]: Setting };

const timeoutsOf = remembered((host: Host): Timeouts => {
  const of = (name: TimeoutName): Setting => settingOf(host, `net.netfilter.nf_conntrack_${name}`, DEFAULTS[name]);
  return {
    generic_timeout: of("generic_timeout"),
    gre_timeout: of("gre_timeout"),
    gre_timeout_stream: of("gre_timeout_stream"),
    icmp_timeout: of("icmp_timeout"),
    icmpv6_timeout: of("icmpv6_timeout"),
    sctp_timeout_closed: of("sctp_timeout_closed"),
    sctp_timeout_cookie_echoed: of("sctp_timeout_cookie_echoed"),
    sctp_timeout_cookie_wait: of("sctp_timeout_cookie_wait"),
    sctp_timeout_established: of("sctp_timeout_established"),
    sctp_timeout_heartbeat_sent: of("sctp_timeout_heartbeat_sent"),
    sctp_timeout_shutdown_ack_sent: of("sctp_timeout_shutdown_ack_sent"),
    sctp_timeout_shutdown_recd: of("sctp_timeout_shutdown_recd"),
    sctp_timeout_shutdown_sent: of("sctp_timeout_shutdown_sent"),
    tcp_max_retrans: of("tcp_max_retrans"),
    tcp_timeout_close: of("tcp_timeout_close"),
    tcp_timeout_close_wait: of("tcp_timeout_close_wait"),
    tcp_timeout_established: of("tcp_timeout_established"),
    tcp_timeout_fin_wait: of("tcp_timeout_fin_wait"),
    tcp_timeout_last_ack: of("tcp_timeout_last_ack"),
    tcp_timeout_max_retrans: of("tcp_timeout_max_retrans"),
    tcp_timeout_syn_recv: of("tcp_timeout_syn_recv"),
    tcp_timeout_syn_sent: of("tcp_timeout_syn_sent"),
    tcp_timeout_time_wait: of("tcp_timeout_time_wait"),
    tcp_timeout_unacknowledged: of("tcp_timeout_unacknowledged"),
    udp_timeout: of("udp_timeout"),
    udp_timeout_stream: of("udp_timeout_stream"),
  };
});

/** The value alone, about which nothing is said: what a dump was taken under. */
export function timeoutOn(host: Host, name: TimeoutName): number {
  return timeoutsOf(host)[name].value;
}

/**
 * Seconds until an entry that a packet refreshes now expires. A value that no dump tells is an assumption only once
 * time has passed: before that nothing can have expired.
 */
export function timeoutOf(runtime: HostRuntime, name: TimeoutName): number {
  if (runtime.services.now() <= 0) return timeoutsOf(runtime.host)[name].value;
  const values = valuesTold(runtime);
  const known = values[name];
  if (known !== undefined) return known;
  const value = readSetting(runtime, timeoutsOf(runtime.host)[name]);
  values[name] = value;
  return value;
}

/**
 * Those that need not be read any more, for whoever asks for one by name at each packet: before time has passed those that segments of most
 * connections ask for, about which nothing is said; then all that were read already.
 */
export function knownTimeouts(runtime: HostRuntime): KnownTimeouts {
  return runtime.services.now() <= 0 ? valuesOn(runtime.host) : valuesTold(runtime);
}

const valuesOn = remembered((host: Host): KnownTimeouts => {
  const timeouts = timeoutsOf(host);
  return {
    tcp_max_retrans: timeouts.tcp_max_retrans.value,
    tcp_timeout_established: timeouts.tcp_timeout_established.value,
    tcp_timeout_syn_sent: timeouts.tcp_timeout_syn_sent.value,
    tcp_timeout_unacknowledged: timeouts.tcp_timeout_unacknowledged.value,
  };
});

function valuesTold(runtime: HostRuntime): Values {
  const told = toldBy(runtime);
  if (told.host !== runtime.host) {
    told.host = runtime.host;
    told.values = {};
  }
  return told.values;
}

export type KnownTimeouts = Readonly<Values>;

type Values = { [name in TimeoutName]?: number };

/** What was read of a living host, each of which it tells once. */
interface Told {
  host: Host;
  values: Values;
}

const toldBy = remembered(({ host }: HostRuntime): Told => ({ host, values: {} }));
