import type { Lab, LabHost } from "./lab.ts";

/** What a test changes about the router's lab. */
export interface RouterOptions {
  readonly router?: Partial<LabHost>;
  readonly hosts?: Partial<Record<"A" | "B" | "C", Partial<LabHost>>>;
  /** MTU of the link towards B, both ends. */
  readonly outMtu?: number;
  readonly staticNeighbours?: boolean;
  readonly redirects?: boolean;
}

/** What R has of routes when a test does not say: one of each kind. */
export const ROUTER_ROUTES: readonly string[] = [
  "10.9.0.0/16 via 10.0.1.2",
  "blackhole 10.1.0.0/24",
  "unreachable 10.1.1.0/24",
  "prohibit 10.1.2.0/24",
  "throw 10.1.3.0/24",
  "10.8.0.0/16 via 10.0.2.2 table 100",
];

/** Permanent entries for the many addresses of A, B and C, so that their first packets need no ARP. */
function spreadNeighbours(): readonly string[] {
  const devices = ["in0", "out0", "out1"];
  return devices.flatMap((device, subnet) =>
    Array.from({ length: 126 }, (_, index) => `10.0.${subnet}.${129 + index} ${device} 02:00:00:0${subnet + 2}:00:02`),
  );
}

/**
 * A router R (in0, out0, out1) with a host on each link: A 10.0.0.2, B 10.0.1.2, C 10.0.2.2. Each host also owns the
 * upper half of its subnet, so that probes can come from many addresses (errors of routes are limited per source),
 * and B owns 10.9.0.0/16, C 10.8.0.0/16.
 */
export function routerLab(options: RouterOptions = {}): Lab {
  const redirects = options.redirects === true ? "1" : "0";
  const router: LabHost = {
    name: "R",
    interfaces: [
      { name: "in0", addresses: ["10.0.0.1/24"] },
      { name: "out0", addresses: ["10.0.1.1/24"], mtu: options.outMtu ?? 1500 },
      { name: "out1", addresses: ["10.0.2.1/24"] },
    ],
    routes: ROUTER_ROUTES,
    ...(options.staticNeighbours === false ? {} : { neighbours: spreadNeighbours() }),
    ...options.router,
    sysctls: {
      "net.ipv4.ip_forward": "1",
      "net.ipv4.conf.all.send_redirects": redirects,
      "net.ipv4.conf.in0.send_redirects": redirects,
      "net.ipv4.conf.out0.send_redirects": redirects,
      "net.ipv4.conf.out1.send_redirects": redirects,
      ...options.router?.sysctls,
    },
  };
  const end = (name: "A" | "B" | "C", number: number, routes: readonly string[], mtu: number): LabHost => ({
    name,
    interfaces: [{ name: "eth0", addresses: [`10.0.${number}.2/24`], mtu }],
    routes: [`default via 10.0.${number}.1`, `local 10.0.${number}.128/25 dev lo`, ...routes],
    ...options.hosts?.[name],
  });
  return {
    hosts: [
      router,
      end("A", 0, [], 1500),
      end("B", 1, ["local 10.9.0.0/16 dev lo"], options.outMtu ?? 1500),
      end("C", 2, ["local 10.8.0.0/16 dev lo"], 1500),
    ],
    links: [
      ["R:in0", "A:eth0"],
      ["R:out0", "B:eth0"],
      ["R:out1", "C:eth0"],
    ],
    staticNeighbours: options.staticNeighbours ?? true,
  };
}
