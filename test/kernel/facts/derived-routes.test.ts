import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { deriveConnectedRoutes } from "../../../src/linux/routing/derive-connected-routes.ts";
import { deriveLocalRoutes } from "../../../src/linux/routing/derive-local-routes.ts";
import type { Interface } from "../../../src/model/interface.ts";
import { originTable } from "../../../src/model/origin.ts";
import { type Route, TABLE_LOCAL, TABLE_MAIN } from "../../../src/model/route.ts";
import { readAddresses } from "../../../src/readers/ip/address.ts";
import { printRoute } from "../../../src/readers/ip/print-route.ts";
import { readRoutes } from "../../../src/readers/ip/route.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

const DEVICES = ["e0", "e1", "e2"] as const;

/** `N` is the number of the device. */
const ADDRESSES = [
  "10.0.N.1/24 brd +",
  "10.0.N.7/24",
  "10.0.N.9/25 brd 10.0.N.99",
  "10.1.N.0/31",
  "10.1.N.5/30 brd +",
  "10.2.N.5/32",
  "10.3.N.1 peer 10.3.N.2/32",
  "10.3.N.1 peer 10.4.N.2/24 brd +",
  "172.16.N.1/16 scope link",
  "10.5.N.1/24 scope host",
  "10.6.N.1/24 noprefixroute brd +",
  "127.0.5.N/16",
  "fd00:N::1/64",
  "fd00:N::2/64",
  "fd00:1N::1/127",
  "fd00:2N::1/128",
  "fd00:3N::1/48 noprefixroute",
  "fd00:4N::1 peer fd00:5N::1/64",
  "2001:db8:N::/64",
] as const;

const addresses = fc.array(
  fc.tuple(fc.constantFrom(...DEVICES), fc.constantFrom(...ADDRESSES)).map(([device, text]) => {
    return `addr add ${text.replaceAll("N", device.slice(1))} ${text.includes(":") ? "nodad " : ""}dev ${device}`;
  }),
  { minLength: 1, maxLength: 9 },
);

interface Seen {
  readonly kernel: readonly string[];
  readonly derived: readonly string[];
}

/** Of a device without an address of IPv6, by which nothing is sent to groups. */
function forNobody(interfaces: readonly Interface[]): (route: Route) => boolean {
  const silent = interfaces.filter(({ addresses }) => addresses.every(({ address }) => address.family === 4));
  return ({ type, nextHops }) => {
    return type === "multicast" && silent.some(({ name }) => name === nextHops[0]?.interface);
  };
}

/** Held as lists of what `ip route` prints, sorted. */
function compared(kernel: readonly Route[], derived: readonly Route[]): Seen {
  const printed = (routes: readonly Route[]): string[] => [...new Set(routes.map((one) => printRoute(one)))].sort();
  return { kernel: printed(kernel), derived: printed(derived) };
}

async function comparedWithKernel(oracle: Oracle, forwards: boolean): Promise<{ local: Seen; main: Seen }> {
  const origins = originTable();
  const said = async (...words: readonly string[]): Promise<string> =>
    (await oracle.exec("R", ["ip", ...words])).stdout;
  const { interfaces } = readAddresses(await said("-d", "addr"), "ip-addr", origins);
  const texts = [await said("route", "show", "table", "all"), await said("-6", "route", "show", "table", "all")];
  const routes = texts.flatMap((text, six) => {
    return readRoutes(text, "ip-route", origins, { family: six === 0 ? 4 : 6 }).routes;
  });
  const isForNobody = forNobody(interfaces);
  const of = (table: number): readonly Route[] => routes.filter((one) => one.table === table && !isForNobody(one));
  return {
    local: compared(
      of(TABLE_LOCAL),
      deriveLocalRoutes(interfaces, () => forwards),
    ),
    main: compared(of(TABLE_MAIN), deriveConnectedRoutes(interfaces)),
  };
}

/** Milliseconds. */
const PATIENCE = { timeout: 5000, interval: 50 };

/** fib_add_ifaddr(), addrconf_add_linklocal(), addrconf_join_anycast() */
describe.skipIf(!available).each(["0", "1"])(
  "routes that follow from addresses, with IPv6 forwarding %s",
  (forwards) => {
    const oracle = new Oracle();
    beforeAll(() =>
      oracle.build({
        hosts: [
          {
            name: "R",
            interfaces: DEVICES.map((name) => ({ name })),
            sysctls: {
              "net.ipv6.conf.all.addr_gen_mode": "1",
              "net.ipv6.conf.all.disable_ipv6": "0",
              "net.ipv6.conf.all.forwarding": forwards,
            },
          },
          { name: "P", interfaces: DEVICES.map((name) => ({ name: name.replace("e", "p") })) },
        ],
        links: DEVICES.map((name) => [`R:${name}`, `P:${name.replace("e", "p")}`]),
      }),
    );
    afterAll(() => oracle.close());

    it("are those of the kernel, in the local and the main table", async () => {
      let count = 0;
      for (const [index, lines] of fc.sample(addresses, { seed: 5, numRuns: 60 }).entries()) {
        const flush = DEVICES.flatMap((name) => [`addr flush dev ${name}`, `link set ${name} up`]);
        await oracle.exec("R", ["ip", "-force", "-batch", "-"], `${[...flush, ...lines].join("\n")}\n`);
        if (index % 3 === 2) await oracle.exec("R", ["ip", "link", "set", "e2", "down"]);
        // The kernel makes the routes of IPv6 addresses a moment later (addrconf_dad_work()).
        const { local, main } = await vi.waitFor(async () => {
          const seen = await comparedWithKernel(oracle, forwards === "1");
          for (const { derived, kernel } of [seen.local, seen.main]) {
            expect(derived, lines.join("\n")).toEqual(kernel);
          }
          return seen;
        }, PATIENCE);
        count += local.kernel.length + main.kernel.length;
      }
      expect(count).toBeGreaterThan(800);
    });
  },
);
