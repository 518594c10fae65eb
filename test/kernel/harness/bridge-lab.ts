import type { Lab, LabHost, LabInterface } from "./lab.ts";

/** What a test changes about the bridge's lab. */
export interface BridgeOptions {
  readonly bridge?: Partial<LabHost>;
  readonly device?: Partial<LabInterface>;
  /** Settings of ports p1, p2 and p3. */
  readonly ports?: readonly Partial<LabInterface>[];
  readonly hosts?: Partial<Record<"A" | "B" | "C" | "D", Partial<LabHost>>>;
  readonly callIptables?: boolean;
  readonly staticNeighbours?: boolean;
}

/**
 * S with a bridge br0 (10.0.0.254) whose ports p1, p2 and p3 lead to A, B and C (10.0.0.1 to 3), and an interface up0
 * towards D (10.0.1.2), for which it is the router.
 */
export function bridgeLab(options: BridgeOptions = {}): Lab {
  const port = (number: number): LabInterface => ({
    name: `p${number}`,
    master: "br0",
    ...options.ports?.[number - 1],
  });
  const end = (name: "A" | "B" | "C", number: number): LabHost => ({
    name,
    interfaces: [{ name: "eth0", addresses: [`10.0.0.${number}/24`] }],
    routes: ["default via 10.0.0.254"],
    ...options.hosts?.[name],
  });
  return {
    hosts: [
      {
        name: "S",
        interfaces: [
          { name: "br0", kind: "bridge", addresses: ["10.0.0.254/24"], ...options.device },
          port(1),
          port(2),
          port(3),
          { name: "up0", addresses: ["10.0.1.1/24"] },
        ],
        ...options.bridge,
        sysctls: {
          "net.ipv4.ip_forward": "1",
          "net.bridge.bridge-nf-call-iptables": options.callIptables === false ? "0" : "1",
          ...options.bridge?.sysctls,
        },
      },
      end("A", 1),
      end("B", 2),
      end("C", 3),
      {
        name: "D",
        interfaces: [{ name: "eth0", addresses: ["10.0.1.2/24"] }],
        routes: ["default via 10.0.1.1"],
        ...options.hosts?.D,
      },
    ],
    links: [
      ["S:p1", "A:eth0"],
      ["S:p2", "B:eth0"],
      ["S:p3", "C:eth0"],
      ["S:up0", "D:eth0"],
    ],
    staticNeighbours: options.staticNeighbours ?? false,
    forget: true,
  };
}

const CHAINS: Readonly<Record<string, readonly string[]>> = {
  raw: ["PREROUTING", "OUTPUT"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
  filter: ["INPUT", "FORWARD", "OUTPUT"],
};

/** A ruleset of one table; chains accept at their end. */
export function rules(table: string, ...lines: readonly string[]): Pick<LabHost, "rulesets"> {
  const policies = (CHAINS[table] ?? []).map((chain) => `:${chain} ACCEPT [0:0]`);
  return { rulesets: [{ text: [`*${table}`, ...policies, ...lines, "COMMIT", ""].join("\n") }] };
}
