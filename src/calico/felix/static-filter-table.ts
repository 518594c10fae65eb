import { failsafeChains } from "./failsafe-chains.ts";
import { commentedRule, type FelixChain, type FelixRule, type FelixTable, felixRule } from "./felix-rule.ts";
import type { FelixSettings } from "./felix-settings.ts";
import { ipSetName } from "./ip-set-names.ts";
import { clearedOnEntry } from "./mark-bits.ts";
import { clearMark, marked, setMark, unmarked } from "./mark-rules.ts";
import { matchSet } from "./static-sets.ts";

const IPIP = "-p 4";
const UDP = "-p 17";

function ports(port: number): string {
  return `-m multiport --destination-ports ${port}`;
}

function denyWord(settings: FelixSettings): "Drop" | "Reject" {
  return settings.filterDenyAction === "DROP" ? "Drop" : "Reject";
}

/** Tunnelled packets come in from other nodes only. */
function tunnelsIn(settings: FelixSettings): readonly FelixRule[] {
  const { family } = settings;
  const allow = `--jump ${settings.filterAllowAction}`;
  const deny = `--jump ${settings.filterDenyAction}`;
  const toLocal = "-m addrtype --dst-type LOCAL";
  const rules: FelixRule[] = [];
  if (settings.ipipEnabled) {
    const hosts = matchSet(ipSetName("all-hosts-net", family), "src");
    rules.push(
      commentedRule("Allow IPIP packets from Calico hosts", `${IPIP} ${hosts} ${toLocal}`, allow),
      commentedRule(`${denyWord(settings)} IPIP packets from non-Calico hosts`, IPIP, deny),
    );
  }
  if (settings.vxlanEnabled) {
    const hosts = matchSet(ipSetName("all-vxlan-net", family), "src");
    const vxlan = `${UDP} ${ports(settings.vxlanPort)}`;
    // IPv4 ignores the configured action: upstream writes a plain drop
    const [word, action] = family === 4 ? ["Drop", "--jump DROP"] : [denyWord(settings), deny];
    rules.push(
      commentedRule(`Allow IPv${family} VXLAN packets from allowed hosts`, `${vxlan} ${hosts} ${toLocal}`, allow),
      commentedRule(`${word} IPv${family} VXLAN packets from non-allowed hosts`, `${vxlan} ${toLocal}`, action),
    );
  }
  if (settings.wireguardPort !== null) {
    const match = `${UDP} ${ports(settings.wireguardPort)} ${toLocal}`;
    rules.push(commentedRule(`Allow incoming IPv${family} Wireguard packets`, match, allow));
  }
  return rules;
}

function tunnelsOut(settings: FelixSettings): readonly FelixRule[] {
  const { family } = settings;
  const allow = `--jump ${settings.filterAllowAction}`;
  const fromLocal = "-m addrtype --src-type LOCAL";
  const rules: FelixRule[] = [];
  if (settings.ipipEnabled) {
    const hosts = matchSet(ipSetName("all-hosts-net", family), "dst");
    rules.push(commentedRule("Allow IPIP packets to other Calico hosts", `${IPIP} ${hosts} ${fromLocal}`, allow));
  }
  if (settings.vxlanEnabled) {
    const hosts = matchSet(ipSetName("all-vxlan-net", family), "dst");
    const match = `${UDP} ${ports(settings.vxlanPort)} ${fromLocal} ${hosts}`;
    rules.push(commentedRule(`Allow IPv${family} VXLAN packets to other allowed hosts`, match, allow));
  }
  if (settings.wireguardPort !== null) {
    const match = `${UDP} ${ports(settings.wireguardPort)} ${fromLocal}`;
    rules.push(commentedRule(`Allow outgoing IPv${family} Wireguard packets`, match, allow));
  }
  return rules;
}

function inputChain(settings: FelixSettings): FelixChain {
  const { marks } = settings;
  const allow = `--jump ${settings.filterAllowAction}`;
  return {
    name: "cali-INPUT",
    rules: [
      ...tunnelsIn(settings),
      ...settings.interfacePrefixes.map((prefix) => felixRule(`--in-interface ${prefix}+`, "--goto cali-wl-to-host")),
      felixRule(marked(marks.accept), allow),
      clearMark(clearedOnEntry(marks)),
      felixRule("", "--jump cali-from-host-endpoint"),
      commentedRule("Host endpoint policy accepted packet.", marked(marks.accept), allow),
    ],
  };
}

/** What a router needs to hear from its links: listener reports, router solicitations, neighbour discovery. */
const ALLOWED_ICMPV6_TYPES = [130, 131, 132, 133, 135, 136];

function workloadToHostChain(settings: FelixSettings): FelixChain {
  const discovery =
    settings.family === 4
      ? []
      : ALLOWED_ICMPV6_TYPES.map((type) =>
          felixRule(`-p 58 -m icmp6 --icmpv6-type ${type}`, `--jump ${settings.filterAllowAction}`),
        );
  return {
    name: "cali-wl-to-host",
    rules: [
      ...discovery,
      felixRule("", "--jump cali-from-wl-dispatch"),
      commentedRule("Configured DefaultEndpointToHostAction", "", `--jump ${settings.defaultEndpointToHostAction}`),
    ],
  };
}

function forwardChain(settings: FelixSettings): FelixChain {
  const { marks } = settings;
  return {
    name: "cali-FORWARD",
    rules: [
      clearMark((clearedOnEntry(marks) & ~marks.accept) >>> 0),
      felixRule(unmarked(marks.accept), "--jump cali-from-hep-forward"),
      ...settings.interfacePrefixes.flatMap((prefix) => [
        felixRule(`--in-interface ${prefix}+`, "--jump cali-from-wl-dispatch"),
        felixRule(`--out-interface ${prefix}+`, "--jump cali-to-wl-dispatch"),
      ]),
      felixRule("", "--jump cali-to-hep-forward"),
      felixRule("", "--jump cali-cidr-block"),
    ],
  };
}

function outputChain(settings: FelixSettings): FelixChain {
  const { marks } = settings;
  const allow = `--jump ${settings.filterAllowAction}`;
  return {
    name: "cali-OUTPUT",
    rules: [
      felixRule(marked(marks.accept), allow),
      ...settings.interfacePrefixes.map((prefix) => felixRule(`--out-interface ${prefix}+`, "--jump RETURN")),
      ...tunnelsOut(settings),
      clearMark(clearedOnEntry(marks)),
      felixRule("-m conntrack ! --ctstate DNAT", "--jump cali-to-host-endpoint"),
      commentedRule("Host endpoint policy accepted packet.", marked(marks.accept), allow),
    ],
  };
}

/** Keeps packets to Service addresses that nobody serves from circling (felix/dataplane/linux/service_loop_mgr.go). */
function cidrBlockChain(settings: FelixSettings): FelixChain {
  const action = settings.serviceLoopPrevention === "Reject" ? "--jump REJECT" : "--jump DROP";
  const cidrs = settings.serviceLoopPrevention === "Disabled" ? [] : [...settings.serviceCIDRs].sort();
  return { name: "cali-cidr-block", rules: cidrs.map((cidr) => felixRule(`--destination ${cidr}`, action)) };
}

/** The filter table of a node that has no endpoint yet (felix/rules/static.go, StaticFilterTableChains). */
export function staticFilterTable(settings: FelixSettings): FelixTable {
  const { marks, chainInsertMode: mode } = settings;
  return {
    name: "filter",
    hooks: [
      { chain: "INPUT", mode, rules: [felixRule("", "--jump cali-INPUT")] },
      { chain: "FORWARD", mode, rules: [felixRule("", "--jump cali-FORWARD")] },
      {
        chain: "FORWARD",
        mode: "append",
        rules: [
          commentedRule(
            "Policy explicitly accepted packet.",
            marked(marks.accept),
            `--jump ${settings.filterAllowAction}`,
          ),
          felixRule("", setMark(marks.accept)),
        ],
      },
      { chain: "OUTPUT", mode, rules: [felixRule("", "--jump cali-OUTPUT")] },
    ],
    chains: [
      inputChain(settings),
      outputChain(settings),
      forwardChain(settings),
      workloadToHostChain(settings),
      ...failsafeChains(settings, "filter"),
      cidrBlockChain(settings),
    ],
  };
}
