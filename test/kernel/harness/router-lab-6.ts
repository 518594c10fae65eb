import type { Lab, LabHost } from "./lab.ts";
import type { RouterOptions } from "./router-lab.ts";

/** What R has of routes when a test does not say: one of each kind. */
export const ROUTER_ROUTES6: readonly string[] = [
  "-6 fd00:9::/32 via fd00:b::2",
  "-6 blackhole fd00:1::/64",
  "-6 unreachable fd00:1:1::/64",
  "-6 prohibit fd00:1:2::/64",
  "-6 throw fd00:1:3::/64",
  "-6 fd00:8::/32 via fd00:c::2 table 100",
];

const SUBNETS = ["a", "b", "c"] as const;
const DEVICES = ["in0", "out0", "out1"] as const;

/** Permanent entries for the many addresses of A, B and C. */
function spreadNeighbours(): readonly string[] {
  return DEVICES.flatMap((device, subnet) =>
    Array.from(
      { length: 16 },
      (_, index) => `fd00:${SUBNETS[subnet]}::1${index.toString(16)} ${device} 02:00:00:0${subnet + 2}:00:02`,
    ),
  );
}

/**
 * Frames come in with their checksum in software, which no pod's packet does. Where conntrack has checked one, a target
 * that changes the IPv6 header behind it (TOS, DSCP, HL) spoils the sum it kept, and UDP drops what is longer than 76
 * bytes (udp6_csum_init()).
 */
const SOFTWARE_CHECKSUMS = { "net.netfilter.nf_conntrack_checksum": "0" };

/**
 * The router's lab (`router-lab.ts`) in IPv6: R (in0, out0, out1) with a host on each link: A fd00:a::2, B fd00:b::2,
 * C fd00:c::2. Each host also owns 16 addresses of its subnet (`fd00:a::10` and on), B fd00:9::/32, C fd00:8::/32.
 * Link-local addresses: R has fe80::1 on every link, the others fe80::a, fe80::b, fe80::c. The far hosts' neighbours are
 * all permanent, since their kernels are mute in most tests.
 */
export function routerLab6(options: RouterOptions = {}): Lab {
  const router: LabHost = {
    name: "R",
    interfaces: [
      { name: "in0", addresses: ["fd00:a::1/64", "fe80::1/64"] },
      { name: "out0", addresses: ["fd00:b::1/64", "fe80::1/64"], mtu: options.outMtu ?? 1500 },
      { name: "out1", addresses: ["fd00:c::1/64", "fe80::1/64"] },
    ],
    routes: ROUTER_ROUTES6,
    ...(options.staticNeighbours === false ? {} : { neighbours: spreadNeighbours() }),
    ...options.router,
    sysctls: { "net.ipv6.conf.all.forwarding": "1", ...SOFTWARE_CHECKSUMS, ...options.router?.sysctls },
  };
  const end = (name: "A" | "B" | "C", routes: readonly string[], mtu: number): LabHost => {
    const subnet = name.toLowerCase();
    return {
      name,
      interfaces: [{ name: "eth0", addresses: [`fd00:${subnet}::2/64`, `fe80::${subnet}/64`], mtu }],
      routes: [`-6 default via fd00:${subnet}::1`, `-6 local fd00:${subnet}::10/124 dev lo`, ...routes],
      ...options.hosts?.[name],
    };
  };
  return {
    hosts: [
      router,
      end("A", [], 1500),
      end("B", ["-6 local fd00:9::/32 dev lo"], options.outMtu ?? 1500),
      end("C", ["-6 local fd00:8::/32 dev lo"], 1500),
    ],
    links: [
      ["R:in0", "A:eth0"],
      ["R:out0", "B:eth0"],
      ["R:out1", "C:eth0"],
    ],
    staticNeighbours: options.staticNeighbours ?? true,
  };
}
