import { describe, expect, it } from "vitest";
import { z } from "zod";
import { felixRuleText } from "../../../src/calico/felix/felix-rule.ts";
import {
  DEFAULT_FAILSAFE_INBOUND,
  DEFAULT_FAILSAFE_OUTBOUND,
  type FelixBand,
  type FelixSettings,
  isSince,
} from "../../../src/calico/felix/felix-settings.ts";
import { allocateMarkBits } from "../../../src/calico/felix/mark-bits.ts";
import { ruleHashes } from "../../../src/calico/felix/rule-hash.ts";
import { staticTables } from "../../../src/calico/felix/static-tables.ts";
import { upstreamText, withUpstreamData } from "../upstream-data.ts";

const Vectors = z.object({
  sets: z.record(
    z.string(),
    z.record(
      z.string(),
      z.array(z.object({ chain: z.string(), rules: z.array(z.object({ felix: z.string(), hash: z.string() })) })),
    ),
  ),
});

/** The bands of the vectors' names, oldest first. */
const BANDS: readonly (readonly [string, FelixBand])[] = [
  ["v3.28 and earlier", "v3.28"],
  ["v3.29", "v3.29"],
  ["v3.30", "v3.30"],
  ["v3.31-v3.32.0", "v3.31"],
  ["v3.32.1 to HEAD", "v3.32.1"],
];

/** The settings that the vectors' README gives, for a name such as `v3.29/ipip+vxlan/random-fully`. */
function settingsOf(name: string): FelixSettings {
  const [band] = BANDS.filter(([prefix]) => name.startsWith(prefix)).map(([, band]) => band);
  const [, encapsulation = "", masquerade = ""] = name.slice(name.indexOf("/")).split("/");
  if (band === undefined) throw new Error(`no band for ${name}`);
  const marks = allocateMarkBits(0xffff0000, { drop: isSince(band, "v3.30"), wireguard: false });
  if (marks === null) throw new Error("the default mask has bits enough");
  const ipipEnabled = encapsulation.includes("ipip");
  const vxlanEnabled = encapsulation.includes("vxlan");
  return {
    band,
    family: 4,
    marks,
    chainInsertMode: "insert",
    interfacePrefixes: ["cali"],
    filterAllowAction: "ACCEPT",
    mangleAllowAction: "ACCEPT",
    filterDenyAction: "DROP",
    defaultEndpointToHostAction: "ACCEPT",
    failsafeInbound: DEFAULT_FAILSAFE_INBOUND,
    failsafeOutbound: DEFAULT_FAILSAFE_OUTBOUND,
    ipipEnabled,
    vxlanEnabled,
    vxlanPort: 4789,
    wireguardPort: null,
    wireguardHostEncryption: false,
    tunnelDevices: [
      { name: "tunl0", hasAddress: ipipEnabled },
      { name: "vxlan.calico", hasAddress: vxlanEnabled },
    ],
    natOutgoing: { enabled: true, address: null, portRange: null, interfaceFilter: null, exclusions: "IPPoolsOnly" },
    serviceLoopPrevention: "Drop",
    serviceCIDRs: [],
    floatingIPs: [],
    randomFully: masquerade === "random-fully",
  };
}

interface Hashed {
  readonly chain: string;
  readonly rules: readonly { readonly felix: string; readonly hash: string }[];
}

/** The chains of a table with their hashes; hooks under the kernel chain's name. */
function rendered(settings: FelixSettings, table: string): readonly Hashed[] {
  const found = staticTables(settings).find(({ name }) => name === table);
  if (found === undefined) throw new Error(`no table ${table}`);
  const hooks = found.hooks.map((hook) => ({
    chain: hook.chain,
    seed: hook.mode === "append" ? `${hook.chain}*appends*` : hook.chain,
    texts: hook.rules.map(felixRuleText),
  }));
  const chains = found.chains.map(({ name, rules }) => ({ chain: name, seed: name, texts: rules.map(felixRuleText) }));
  return [...hooks, ...chains].map(({ chain, seed, texts }) => {
    const hashes = ruleHashes(seed, texts);
    return { chain, rules: texts.map((felix, i) => ({ felix, hash: hashes[i] ?? "" })) };
  });
}

describe("the static chains of Felix", () => {
  withUpstreamData(() => {
    const { sets } = Vectors.parse(JSON.parse(upstreamText("vectors/felix-static-rule-hashes.json")));
    for (const [name, tables] of Object.entries(sets)) {
      it(`have the texts and hashes of ${name}`, () => {
        for (const [table, chains] of Object.entries(tables)) {
          const all = rendered(settingsOf(name), table);
          for (const expected of chains) {
            const candidates = all.filter(({ chain }) => chain === expected.chain);
            expect(candidates, `${table} ${expected.chain}`).toContainEqual(expected);
          }
        }
      });
    }
  });
});
