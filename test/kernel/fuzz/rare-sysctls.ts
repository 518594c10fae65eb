import fc from "fast-check";
import type { Family } from "../../../src/net/address.ts";

type Drawn = readonly [key: string, ...values: string[]];

const OF_BOTH: readonly Drawn[] = [
  ["net.ipv4.tcp_ecn", "0", "1"],
  ["net.ipv4.tcp_reflect_tos", "1"],
  ["net.ipv4.tcp_fwmark_accept", "1"],
  ["net.netfilter.nf_conntrack_tcp_loose", "0"],
  ["net.netfilter.nf_conntrack_tcp_be_liberal", "1"],
  ["net.netfilter.nf_conntrack_tcp_ignore_invalid_rst", "1"],
  ["net.netfilter.nf_conntrack_tcp_max_retrans", "0", "1"],
];

const OF_FAMILY: Readonly<Record<Family, readonly Drawn[]>> = {
  4: [
    ["net.ipv4.fwmark_reflect", "1"],
    ["net.ipv4.icmp_echo_ignore_all", "1"],
    ["net.ipv4.icmp_echo_ignore_broadcasts", "0"],
    ["net.ipv4.icmp_errors_use_inbound_ifaddr", "1"],
    ["net.ipv4.ip_default_ttl", "1", "2", "37"],
    ["net.ipv4.ip_forward_use_pmtu", "1"],
    ["net.ipv4.ip_no_pmtu_disc", "1", "2", "3"],
    ["net.ipv4.route.min_pmtu", "700"],
    ["net.netfilter.nf_conntrack_checksum", "0"],
    ...["all", "in0", "out0", "lo"].flatMap((device): readonly Drawn[] =>
      [
        ["rp_filter", "1", "2"],
        ["accept_local", "1"],
        ["route_localnet", "1"],
        ["src_valid_mark", "1"],
        ["bc_forwarding", "1"],
        ["send_redirects", "0", "1"],
        ["shared_media", "0"],
        ["ignore_routes_with_linkdown", "1"],
        ["drop_unicast_in_l2_multicast", "1"],
      ].map(([name, ...values]): Drawn => [`net.ipv4.conf.${device}.${name}`, ...values]),
    ),
  ],
  6: [
    ["net.ipv6.fwmark_reflect", "1"],
    ["net.ipv6.anycast_src_echo_reply", "1"],
    ["net.ipv6.icmp.error_anycast_as_unicast", "1"],
    ["net.ipv6.icmp.echo_ignore_all", "1"],
    ["net.ipv6.icmp.echo_ignore_multicast", "1"],
    ["net.ipv6.icmp.echo_ignore_anycast", "1"],
    ["net.ipv6.max_hbh_opts_number", "0", "1", "-1", "-2"],
    ["net.ipv6.max_dst_opts_number", "0", "1", "-1", "-2"],
    ["net.ipv6.max_hbh_length", "8"],
    ["net.ipv6.max_dst_opts_length", "8"],
    ...["all", "in0", "out0", "lo"].flatMap((device): readonly Drawn[] =>
      [
        ["hop_limit", "1", "2", "37"],
        ["forwarding", "0", "1"],
        ["seg6_enabled", "1"],
        ["ignore_routes_with_linkdown", "1"],
        ["use_oif_addrs_only", "1"],
        ["use_tempaddr", "2"],
        ["drop_unicast_in_l2_multicast", "1"],
      ].map(([name, ...values]): Drawn => [`net.ipv6.conf.${device}.${name}`, ...values]),
    ),
    // No link takes less, whatever else is said of it.
    ["net.ipv6.conf.out0.mtu", "1280"],
    ...["in0", "lo"].map((device): Drawn => [`net.ipv6.conf.${device}.mtu`, "1280", "1300", "1400"]),
    ["net.ipv6.conf.in0.force_forwarding", "1"],
  ],
};

/** Up to three settings of a host with the devices in0, out0 and out1, of all that a packet's way hangs on; mostly none. */
export function rareSysctls(family: Family): fc.Arbitrary<Readonly<Record<string, string>>> {
  const some = fc
    .subarray([...OF_BOTH, ...OF_FAMILY[family]], { minLength: 1, maxLength: 3 })
    .chain((drawn) =>
      fc.tuple(...drawn.map(([key, ...values]) => fc.constantFrom(...values).map((value) => [key, value] as const))),
    )
    .map((settings) => Object.fromEntries(settings));
  return fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: some });
}
