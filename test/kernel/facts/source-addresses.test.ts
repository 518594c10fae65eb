import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createWorld, runtimeOf } from "../../../src/emulator/world.ts";
import { routeOutputKey, sourceFor } from "../../../src/linux/routing/output.ts";
import type { HostRuntime } from "../../../src/linux/runtime.ts";
import { type Host, host } from "../../../src/model/host.ts";
import { network } from "../../../src/model/network.ts";
import { originTable } from "../../../src/model/origin.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { UDP } from "../../../src/net/protocol.ts";
import { readAddresses } from "../../../src/readers/ip/address.ts";
import { readRoutes } from "../../../src/readers/ip/route.ts";
import { readPolicyRules } from "../../../src/readers/ip/rule.ts";
import { explore } from "../../../src/trace/explorer.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { address as parse } from "../harness/lab.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

const DEVICES = ["e0", "e1", "e2"] as const;

/** Of each kind and scope that RFC 6724 tells apart. `N` is the number of the device. */
const ADDRESSES = [
  "fd00:N::1/64",
  "fd00:N::2/64",
  "fd00:N:0:0:8000::1/64",
  "fd00:N:0:1::1/48",
  "fec0:N::1/64",
  "2001:db8:N::1/64",
  "2001:db8:N::2/64",
  "2001:db8:N:0:1::1/96",
  "2001:0:N::1/64",
  "2002:c000:20N::1/64",
  "2001:1N::1/64",
  "::ffff:192.0.2.N/128",
  "::192.0.2.N/128",
  "fe80::N:1/64",
] as const;

const address = fc
  .tuple(
    fc.constantFrom(...DEVICES, "lo"),
    fc.constantFrom(...ADDRESSES),
    fc.constantFrom("", "", "", " preferred_lft 0"),
  )
  .map(([device, text, lifetime]) => {
    const own = text.replaceAll("N", device === "lo" ? "9" : device.slice(1));
    return `addr add ${own} dev ${device} nodad${lifetime}`;
  });

const route = fc
  .tuple(
    fc.constantFrom("default", "2000::/3", "fd00::/8", "2001:db8::/32", "::/96"),
    fc.constantFrom(...DEVICES),
    fc.constantFrom("", "", " src fd00:0::1", " src 2001:db8:1::1"),
  )
  .map(
    ([prefix, device, source]) =>
      `route append ${prefix} dev ${device} metric ${10 + DEVICES.indexOf(device)}${source}`,
  );

const world = fc.record({
  addresses: fc.array(address, { minLength: 2, maxLength: 10 }),
  routes: fc.uniqueArray(route, { minLength: 1, maxLength: 4 }),
  ownOnly: fc.constantFrom("0", "0", "0", "1"),
});

const DESTINATIONS = [
  ...["fd00:0::9", "fd00:1::9", "fd00:2:0:0:8000::9", "fd00:5::9", "fec0:1::9", "2001:db8:0::9", "2001:db8:2::77"],
  ...["2001:db8:1:0:1::9", "2001:0:5::9", "2002:c000:205::9", "2001:15::9", "::ffff:198.51.100.1", "::198.51.100.1"],
  ...["2600::1", "3ffe::1", "fe80::77", "ff02::1", "ff05::5", "ff0e::5", "::1", "fd00:0::1", "2001:db8:9::1"],
];

/** What podpath gives a datagram for a source; null where there is no way, or none. */
function sourceOf(runtime: HostRuntime, to: string, output: string | null): string | null {
  const dst = parse(to);
  const rest = { input: null, mark: 0, tos: 0, uid: 0, protocol: UDP, sport: 0, dport: 0 };
  const result = routeOutputKey(runtime, { dst, src: null, output, ...rest }, false);
  const source = result.kind === "error" ? null : sourceFor(runtime, result, dst);
  return source === null ? null : formatAddress(source);
}

/** Milliseconds. */
const PATIENCE = { timeout: 5000, interval: 100 };

/** ipv6_dev_get_saddr() */
describe.skipIf(!available)("the source of an IPv6 packet that names none", () => {
  const oracle = new Oracle();
  beforeAll(() =>
    oracle.build({
      hosts: [
        {
          name: "R",
          interfaces: DEVICES.map((name) => ({ name })),
          sysctls: { "net.ipv6.conf.all.addr_gen_mode": "1", "net.ipv6.conf.all.disable_ipv6": "0" },
        },
        { name: "P", interfaces: DEVICES.map((name) => ({ name: name.replace("e", "p") })) },
      ],
      links: DEVICES.map((name) => [`R:${name}`, `P:${name.replace("e", "p")}`]),
    }),
  );
  afterAll(() => oracle.close());

  it("is the kernel's choice among random addresses", async () => {
    let told = 0;
    for (const { addresses, routes, ownOnly } of fc.sample(world, { seed: 11, numRuns: 60 })) {
      const said = async (...words: readonly string[]): Promise<string> =>
        (await oracle.exec("R", ["ip", ...words])).stdout;
      const flush = [...DEVICES, "lo"].map((name) => `-6 addr flush dev ${name}`);
      const lines = [...flush, "addr add ::1/128 dev lo nodad", ...addresses, "-6 route flush table main"];
      const connected = DEVICES.map((name) => `route append fe80::/64 dev ${name}`);
      const batch = [...lines, ...connected, ...routes].map((line) => (line.startsWith("-6") ? line.slice(3) : line));
      await oracle.exec("R", ["ip", "-6", "-force", "-batch", "-"], `${batch.join("\n")}\n`);
      const sysctls = DEVICES.map((name) => [`net.ipv6.conf.${name}.use_oif_addrs_only`, ownOnly] as const);
      await oracle.exec("R", ["sysctl", "-qw", ...sysctls.map(([key, value]) => `${key}=${value}`)]);
      // The kernel makes the routes of addresses a moment later (addrconf_dad_work()).
      told += await vi.waitFor(async () => {
        let inTime = 0;
        const origins = originTable();
        const dump = readAddresses(await said("-d", "addr"), "ip-addr", origins);
        const read = readRoutes(await said("-6", "route", "show", "table", "all"), "ip-route", origins, { family: 6 });
        const { rules } = readPolicyRules(await said("-6", "rule"), "ip-rule", origins, 6);
        const made: Host = host({
          name: "R",
          interfaces: new Map(dump.interfaces.map((device) => [device.name, device])),
          routes: read.routes,
          policyRules: rules,
          sysctls: new Map(sysctls),
        });
        const keys = DESTINATIONS.map((to) => ({ to, ...(/^f[ef][08]2?/.test(to) ? { oif: "e1" } : {}) }));
        const asked = keys.map(({ to, oif }) => `route get ${to}${oif === undefined ? "" : ` oif ${oif}`}`);
        const script = asked.map((line) => `ip -6 ${line} 2>/dev/null | head -1 || true; echo .`).join("\n");
        const answers = (await oracle.exec("R", ["sh", "-c", script])).stdout.split(".\n");
        for (const [index, question] of keys.entries()) {
          const kernel = / src (\S+)/.exec(answers[index] ?? "")?.[1] ?? null;
          const { leaves } = explore((choose) => {
            const runtime = runtimeOf(
              createWorld(network({ hosts: new Map([["R", made]]), origins }), { choose }),
              "R",
            );
            if (runtime === null) throw new Error("no R");
            return sourceOf(runtime, question.to, question.oif ?? null);
          });
          const podpath = leaves.map(({ value }) => value);
          const about = [...addresses, ...routes, `use_oif_addrs_only ${ownOnly}`, asked[index], answers[index]].join(
            "\n",
          );
          expect(podpath, about).toContain(kernel);
          if (kernel !== null) inTime++;
        }
        return inTime;
      }, PATIENCE);
    }
    expect(told).toBeGreaterThan(500);
  });
});
