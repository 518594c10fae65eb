import { failsafeChains } from "./failsafe-chains.ts";
import { commentedRule, type FelixChain, type FelixRule, type FelixTable, felixRule } from "./felix-rule.ts";
import { type FelixSettings, isSince } from "./felix-settings.ts";
import { ipSetName, MESH_SET } from "./ip-set-names.ts";
import { clearedOnEntry } from "./mark-bits.ts";
import { clearMark, marked } from "./mark-rules.ts";
import { allPoolsSet, matchSet } from "./static-sets.ts";

function dscpRules(settings: FelixSettings): readonly FelixRule[] {
  if (!isSince(settings.band, "v3.31")) return [];
  const match = [
    matchSet(ipSetName("dscp-src-net", settings.family), "src"),
    matchSet(allPoolsSet(settings), "dst", true),
    matchSet(ipSetName("this-host", settings.family), "dst", true),
  ].join(" ");
  return [commentedRule("set dscp for traffic leaving cluster.", match, "--jump cali-egress-dscp")];
}

/**
 * New connections between two pods of the mesh are marked, by which its proxies know them on the other side (felix/rules/static.go,
 * StaticManglePostroutingChain).
 */
function istioRules(settings: FelixSettings): readonly FelixRule[] {
  const { istioDscp, interfacePrefixes, family } = settings;
  if (istioDscp === null) return [];
  const mesh = ipSetName(MESH_SET, family);
  return interfacePrefixes.map((prefix) =>
    felixRule(
      `-p tcp -m conntrack --ctstate NEW --out-interface ${prefix}+ ${matchSet(mesh, "dst")} ${matchSet(mesh, "src")}`,
      `--jump DSCP --set-dscp ${istioDscp}`,
    ),
  );
}

/** felix/rules/dscp.go, EgressDSCPChain. */
function egressDscpChain(settings: FelixSettings): FelixChain {
  const sources = [...settings.dscp].sort((a, b) => (a.source < b.source ? -1 : 1));
  return {
    name: "cali-egress-dscp",
    rules: sources.map(({ source, value }) => felixRule(`--source ${source}`, `--jump DSCP --set-dscp ${value}`)),
  };
}

/** The mangle table (felix/rules/static.go, StaticMangleTableChains). */
export function staticMangleTable(settings: FelixSettings): FelixTable {
  const { marks, chainInsertMode: mode } = settings;
  const allow = `--jump ${settings.mangleAllowAction}`;
  const accepted = marked(marks.accept);
  const dscp = dscpRules(settings);
  return {
    name: "mangle",
    hooks: [
      { chain: "PREROUTING", mode, rules: [felixRule("", "--jump cali-PREROUTING")] },
      { chain: "POSTROUTING", mode, rules: [felixRule("", "--jump cali-POSTROUTING")] },
    ],
    chains: [
      {
        name: "cali-PREROUTING",
        rules: [
          felixRule("-m conntrack --ctstate RELATED,ESTABLISHED", allow),
          felixRule(accepted, allow),
          felixRule("", "--jump cali-from-host-endpoint"),
          commentedRule("Host endpoint policy accepted packet.", accepted, allow),
        ],
      },
      {
        name: "cali-POSTROUTING",
        rules: [
          ...istioRules(settings),
          ...dscp,
          felixRule(accepted, "--jump RETURN"),
          clearMark(clearedOnEntry(marks)),
          felixRule("-m conntrack --ctstate DNAT", "--jump cali-to-host-endpoint"),
          commentedRule("Host endpoint policy accepted packet.", accepted, "--jump RETURN"),
        ],
      },
      ...(dscp.length === 0 ? [] : [egressDscpChain(settings)]),
      ...failsafeChains(settings, "mangle"),
    ],
  };
}
