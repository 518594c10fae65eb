import fc from "fast-check";
import { z } from "zod";
import { routerLab6 } from "../../harness/router-lab-6.ts";
import { sequencesOf } from "../packets.ts";
import { ROUTER6_TRAFFIC, ROUTER6_WORDS } from "../pools6.ts";
import { rareSysctls } from "../rare-sysctls.ts";
import { routes6Arbitrary } from "../routes6.ts";
import { accounting, doesAccount } from "../sysctls.ts";
import { type WorldKind, worldKind } from "../world-kind.ts";

const schema = z.object({
  routes: z.array(z.string()),
  rules: z.array(z.string()),
  sysctls: z.record(z.string(), z.string()),
  outMtu: z.number(),
});

/** Switches that change a packet's way. */
const sysctls: fc.Arbitrary<Record<string, string>> = fc
  .tuple(
    fc.constantFrom("1", "1", "1", "1", "1", "1", "1", "1", "0"),
    fc.subarray(
      [
        ["net.ipv6.conf.in0.forwarding", "0"],
        ["net.ipv6.conf.in0.force_forwarding", "1"],
        ["net.ipv6.conf.out0.use_oif_addrs_only", "1"],
        ["net.ipv6.conf.in0.drop_unicast_in_l2_multicast", "1"],
        ["net.ipv6.fwmark_reflect", "1"],
        ["net.ipv6.icmp.error_anycast_as_unicast", "1"],
        ["net.ipv6.icmp.echo_ignore_all", "1"],
        ["net.ipv6.icmp.echo_ignore_multicast", "1"],
        ["net.ipv6.icmp.echo_ignore_anycast", "1"],
        ["net.netfilter.nf_conntrack_tcp_loose", "0"],
        ["net.netfilter.nf_conntrack_tcp_be_liberal", "1"],
      ] as const,
      { maxLength: 2 },
    ),
    accounting,
    rareSysctls(6),
  )
  .map(([forwarding, more, counts, rare]) => ({
    "net.ipv6.conf.all.forwarding": forwarding,
    ...Object.fromEntries(more),
    ...counts,
    ...rare,
  }));

/** One IPv6 router with random routes, policy rules and sysctls between three hosts. */
export const router6: WorldKind = worldKind({
  name: "router6",
  families: [6],
  schema,
  worlds: fc
    .tuple(routes6Arbitrary, sysctls, fc.constantFrom(1500, 1500, 1280))
    .map(([{ routes, rules }, settings, outMtu]) => ({
      routes: [...routes],
      rules: [...rules],
      sysctls: settings,
      outMtu,
    })),
  lab: ({ outMtu, ...router }) => routerLab6({ router, outMtu }),
  mute: () => ["A", "B", "C"],
  fuzzed: (world) => [{ name: "R", words: { ...ROUTER6_WORDS, accounts: doesAccount(world.sysctls) } }],
  sequences: () => sequencesOf(ROUTER6_TRAFFIC),
  conntrack: true,
});
