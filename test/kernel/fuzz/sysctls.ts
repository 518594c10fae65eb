import fc from "fast-check";
import { rareSysctls } from "./rare-sysctls.ts";

const ACCOUNTING = "net.netfilter.nf_conntrack_acct";

/** Whether connections count what they carry. */
export const accounting: fc.Arbitrary<Readonly<Record<string, string>>> = fc.constantFrom(
  {},
  {},
  { [ACCOUNTING]: "1" },
);

/** What only such a host's rules speak of: connbytes switches accounting on for good. */
export function doesAccount(sysctls: Readonly<Record<string, string>>): boolean {
  return sysctls[ACCOUNTING] === "1";
}

/** Switches that change a packet's way, on the router. */
export const sysctlsArbitrary: fc.Arbitrary<Readonly<Record<string, string>>> = fc
  .tuple(
    fc.constantFrom("0", "0", "0", "0", "1", "2"),
    fc.constantFrom("0", "0", "0", "1", "2"),
    fc.constantFrom("0", "0", "0", "1", "2"),
    fc.subarray(
      [
        ["net.ipv4.conf.in0.forwarding", "0"],
        ["net.ipv4.conf.out0.forwarding", "0"],
        ["net.ipv4.conf.in0.route_localnet", "1"],
        ["net.ipv4.conf.all.route_localnet", "1"],
        ["net.ipv4.conf.in0.accept_local", "1"],
        ["net.ipv4.conf.in0.src_valid_mark", "1"],
        ["net.ipv4.conf.in0.drop_unicast_in_l2_multicast", "1"],
        ["net.ipv4.conf.all.drop_unicast_in_l2_multicast", "1"],
        ["net.ipv4.conf.in0.shared_media", "0"],
        ["net.ipv4.conf.in0.send_redirects", "0"],
        ["net.ipv4.icmp_errors_use_inbound_ifaddr", "1"],
        ["net.ipv4.fwmark_reflect", "1"],
        ["net.netfilter.nf_conntrack_tcp_loose", "0"],
        ["net.netfilter.nf_conntrack_tcp_be_liberal", "1"],
        ["net.ipv4.icmp_echo_ignore_all", "1"],
        ["net.ipv4.icmp_echo_ignore_broadcasts", "0"],
      ] as const,
      { maxLength: 2 },
    ),
    fc.constantFrom("1", "1", "1", "1", "1", "1", "1", "1", "0"),
    accounting,
    rareSysctls(4),
  )
  .map(([all, in0, out0, more, forward, counts, rare]) => ({
    "net.ipv4.ip_forward": forward,
    "net.ipv4.conf.all.rp_filter": all,
    "net.ipv4.conf.in0.rp_filter": in0,
    "net.ipv4.conf.out0.rp_filter": out0,
    ...Object.fromEntries(more),
    ...counts,
    ...rare,
  }));
