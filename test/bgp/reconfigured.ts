import { runFor } from "../../src/bgp/reconverge.ts";
import type { SpeakerConfiguration } from "../../src/bgp/speaker/configuration.ts";
import { speakerOf } from "../../src/bgp/speaker/from-bird.ts";
import { reconfigureSpeaker } from "../../src/bgp/speaker/reconfigure.ts";
import { type Speaker, startSpeaker } from "../../src/bgp/speaker/speaker.ts";
import { createWorld, runtimeOf } from "../../src/emulator/world.ts";
import { originTable } from "../../src/model/origin.ts";
import { readBirdConfiguration } from "../../src/readers/bird/configuration.ts";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";
import { protocolsText } from "../../src/report/bird/protocols-text.ts";
import { routesText } from "../../src/report/bird/routes-text.ts";

/** What the BIRDs of two machines say: `show protocols all` and `show route`. */
export type Said = Readonly<Record<"a" | "b", { readonly protocols: string; readonly routes: string }>>;

const port = (number: number): string =>
  `2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP\n    link/ether 02:00:00:00:00:0${number} brd ff:ff:ff:ff:ff:ff\n    inet 10.9.0.${number}/24 scope global eth0\n       valid_lft forever preferred_lft forever\n`;

function configurationOf(text: string): SpeakerConfiguration {
  const { configuration } = readBirdConfiguration(text, "bird.cfg", originTable());
  const { speaker, faults } = speakerOf(configuration, 4, null);
  if (speaker === null || faults.length > 0) throw new Error(faults.map((fault) => fault.text).join(", "));
  return speaker;
}

/** Two machines on one segment, of which the first reads one configuration after the other. */
export function reconfigured(texts: {
  readonly a: readonly string[];
  readonly b: string;
  readonly wait: number;
}): readonly Said[] {
  const files = new Map([
    [
      "snapshot.yaml",
      "apiVersion: podpath/v1\nkind: Snapshot\nmetadata: {name: two}\nfabric: {segments: [{name: lan, members: [a:eth0, b:eth0]}]}\n",
    ],
    ...["a", "b"].flatMap((name, index): [string, string][] => [
      [`nodes/${name}/ip-addr.txt`, port(index + 1)],
      [`nodes/${name}/ip-route.txt`, `10.9.0.0/24 dev eth0 proto kernel scope link src 10.9.0.${index + 1}\n`],
      [`nodes/${name}/iptables-legacy-save.txt`, ""],
      [`nodes/${name}/iptables-nft-save.txt`, ""],
    ]),
  ]);
  const { network } = readSnapshot({ name: "two", files });
  const world = createWorld(network, { choose: () => 0, empty: true, forgetful: true });
  const start = (name: string, text: string): Speaker => {
    const runtime = runtimeOf(world, name);
    if (runtime === null) throw new Error(`no ${name}`);
    return startSpeaker(world, runtime, configurationOf(text));
  };
  const speakers = { a: start("a", texts.a[0] ?? ""), b: start("b", texts.b) };
  runFor({ world }, 10);
  const said = (speaker: Speaker) => ({
    protocols: protocolsText(speaker, (time) => time.toFixed(1), true),
    routes: routesText(speaker, (time) => time.toFixed(1), { all: false, for: null, protocol: null }),
  });
  return texts.a.map((text, step) => {
    if (step > 0) reconfigureSpeaker(speakers.a, configurationOf(text));
    runFor({ world }, texts.wait);
    return { a: said(speakers.a), b: said(speakers.b) };
  });
}

/** What is the same in both worlds: states, whether a session is still the one it was a step before, last errors, and routes. */
export function compared(said: readonly Said[]) {
  return said.map((now, step) =>
    (["a", "b"] as const).map((name) => {
      const before = said[step - 1]?.[name].protocols ?? "";
      // BIRD's clock may show the same moment a second later
      const since = (said: string): number =>
        (/^\S+ +BGP +\S+ +\S+ +(\S+)/m.exec(said)?.[1] ?? "")
          .split(":")
          .reduce((sum, part) => sum * 60 + Number(part), 0);
      const { protocols, routes } = now[name];
      return {
        step,
        name,
        states: [...protocols.matchAll(/^(\S+) +BGP +\S+ +(\S+)/gm)].map(([, session, state]) => `${session} ${state}`),
        isOld: step > 0 && before.includes("BGP") && Math.abs(since(before) - since(protocols)) < 2,
        error: /Last error: +(.*)$/m.exec(protocols)?.[1] ?? "",
        routes: [...routes.matchAll(/^(\S+\/\d+) +.*\[(\S+) /gm)].map(([, prefix, from]) => `${prefix} ${from}`).sort(),
      };
    }),
  );
}

interface Told {
  readonly filter?: string;
  readonly taken?: string;
  readonly routes?: readonly string[];
  readonly more?: string;
  readonly noPeer?: boolean;
  readonly function?: string;
}

const text = (
  own: number,
  { filter = "all", taken = "all", routes, more = "", noPeer = false, function: f = "true" }: Told,
): string =>
  `router id 10.9.0.${own};\nfunction wanted() { return ${f}; }\nprotocol device { scan time 1; }\nprotocol direct { interface "*"; }\nprotocol static { ${(routes ?? [`192.168.${own}.0/26`]).map((one) => `route ${one} blackhole; `).join("")}}\n${noPeer ? "" : `protocol bgp Mesh { local as 64512; neighbor 10.9.0.${3 - own} as 64512; connect delay time 1; connect retry time 1; error wait time 2, 4; import ${taken}; export ${filter}; ${more} }\n`}`;

const BASE: Told = {
  routes: ["192.168.1.0/26", "192.168.1.64/26"],
  filter: "filter { if wanted() then accept; reject; }",
};

/** Configurations of one machine, each read after the one before, and what changes in it. */
export const RECONFIGURED = {
  a: [
    text(1, BASE),
    // nothing
    text(1, BASE),
    // the filter tells less: the session stays
    text(1, { ...BASE, filter: "filter { if net = 192.168.1.64/26 then reject; if wanted() then accept; reject; }" }),
    // a function that the filter calls
    text(1, { ...BASE, function: "net.len > 26" }),
    // one more route of its own, and another that goes
    text(1, { ...BASE, routes: ["192.168.1.64/26", "192.168.1.128/26"] }),
    // it takes less: asked for again by ROUTE-REFRESH
    text(1, { ...BASE, taken: "none" }),
    text(1, { ...BASE, taken: "all" }),
    // another definition: the session starts anew
    text(1, { ...BASE, more: "hold time 30;" }),
    // the peer is gone, and comes back
    text(1, { ...BASE, noPeer: true }),
    text(1, { ...BASE, more: "hold time 30;" }),
  ],
  b: text(2, {}),
  wait: 6,
};
