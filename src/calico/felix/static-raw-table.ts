import { failsafeChains } from "./failsafe-chains.ts";
import { type FelixChain, type FelixRule, type FelixTable, felixRule } from "./felix-rule.ts";
import type { FelixSettings } from "./felix-settings.ts";
import { clearedOnEntry } from "./mark-bits.ts";
import { clearMark, marked, setMark, unmarked } from "./mark-rules.ts";

function vxlanUntracked(settings: FelixSettings): readonly FelixRule[] {
  return settings.vxlanEnabled ? [felixRule(`-p udp --dport ${settings.vxlanPort}`, "--jump NOTRACK")] : [];
}

/** Marks what did not come through the tunnel, so that the reverse path of encrypted packets is found. */
function wireguardIncomingMark(settings: FelixSettings): readonly FelixChain[] {
  if (!settings.wireguardHostEncryption) return [];
  const devices = ["lo", "wireguard.cali", "wg-v6.cali", ...settings.interfacePrefixes.map((prefix) => `${prefix}+`)];
  return [
    {
      name: "cali-wireguard-incoming-mark",
      rules: [
        ...devices.map((device) => felixRule(`--in-interface ${device}`, "--jump RETURN")),
        felixRule("", setMark(settings.marks.wireguard)),
      ],
    },
  ];
}

/** The raw table (felix/rules/static.go, StaticRawTableChains). Entries of cali-rpf-skip come with the endpoints. */
export function staticRawTable(settings: FelixSettings): FelixTable {
  const { marks, chainInsertMode: mode } = settings;
  const fromWorkload = marked(marks.scratch0);
  const incoming = wireguardIncomingMark(settings);
  return {
    name: "raw",
    hooks: [
      { chain: "PREROUTING", mode, rules: [felixRule("", "--jump cali-PREROUTING")] },
      { chain: "OUTPUT", mode, rules: [felixRule("", "--jump cali-OUTPUT")] },
    ],
    chains: [
      {
        name: "cali-PREROUTING",
        rules: [
          clearMark(clearedOnEntry(marks)),
          ...incoming.map(({ name }) => felixRule("", `--jump ${name}`)),
          ...vxlanUntracked(settings),
          ...settings.interfacePrefixes.map((prefix) =>
            felixRule(`--in-interface ${prefix}+`, setMark(marks.scratch0)),
          ),
          felixRule(fromWorkload, "--jump cali-rpf-skip"),
          felixRule(`${fromWorkload} -m rpfilter --invert --validmark`, `--jump ${settings.filterDenyAction}`),
          felixRule(unmarked(marks.scratch0), "--jump cali-from-host-endpoint"),
          felixRule(marked(marks.accept), "--jump ACCEPT"),
        ],
      },
      {
        name: "cali-OUTPUT",
        rules: [
          clearMark(clearedOnEntry(marks)),
          felixRule("", "--jump cali-to-host-endpoint"),
          ...vxlanUntracked(settings),
          felixRule(marked(marks.accept), "--jump ACCEPT"),
        ],
      },
      { name: "cali-rpf-skip", rules: [] },
      ...incoming,
      ...failsafeChains(settings, "raw"),
    ],
  };
}
