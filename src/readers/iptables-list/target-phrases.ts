import { quoteString } from "../iptables/words.ts";
import type { Phrase } from "./match-phrases.ts";

const phrase = (pattern: RegExp, words: (found: readonly string[]) => string | null): Phrase => ({ pattern, words });

/** Bits of `LOG flags N` (include/uapi/linux/netfilter/nf_log.h). */
const LOG_FLAGS: readonly (readonly [number, string])[] = [
  [1, "--log-tcp-sequence"],
  [2, "--log-tcp-options"],
  [4, "--log-ip-options"],
  [8, "--log-uid"],
  [32, "--log-macdecode"],
];

function logWords([, flags, level, , prefix]: readonly string[]): string {
  const bits = Number(flags ?? 0);
  const options = LOG_FLAGS.flatMap(([bit, option]) => ((bits & bit) === 0 ? [] : [option]));
  if (level !== undefined && level !== "4" && level !== "warning") options.push(`--log-level ${level}`);
  if (prefix !== undefined) options.push(`--log-prefix ${quoteString(prefix)}`);
  return options.join(" ");
}

/** ` random persistent` at the end of NAT targets. */
function natFlags(flags = ""): string {
  return flags.replace(/ (random-fully|random|persistent)/g, " --$1");
}

function markWords([, operation = "", value = "", mask]: readonly string[]): string | null {
  switch (operation) {
    case "set":
      return `--set-xmark ${value}/0xffffffff`;
    case "xset":
      return `--set-xmark ${value}/${mask ?? "0xffffffff"}`;
    case "or":
    case "and":
    case "xor":
      return `--${operation}-mark ${value}`;
    default:
      return null;
  }
}

/** `restore ctmask 0x9 nfmask ~0x7`: one of the two is printed inverted. */
function copiedMark([, operation, masks = ""]: readonly string[]): string {
  return `--${operation}-mark${masks.replace(/ (\w+) ~?/g, " --$1 ")}`;
}

const NAT = "((?: (?:random-fully|random|persistent))*)";

/** What targets print after the matches, by target (`print` of extensions/libxt_*.c, libipt_*.c, libip6t_*.c of iptables 1.8.9; measured). */
export const TARGET_PHRASES: ReadonlyMap<string, readonly Phrase[]> = new Map([
  ["REJECT", [phrase(/^reject-with (\S+)$/, ([, how]) => `--reject-with ${how}`)]],
  [
    "LOG",
    [
      phrase(/^LOG(?: flags (\d+))?(?: level (\S+))?(?: (?:prefix) ("?)(.*?)\3)?$/, logWords),
      phrase(
        /^LOG (level) (\S+)((?: tcp-sequence| tcp-options| ip-options| uid| macdecode)*)(?: prefix "(.*)")?$/,
        ([, , level, options = "", prefix]) =>
          `${options.replace(/ (\S+)/g, " --log-$1")} --log-level ${level}${prefix === undefined ? "" : ` --log-prefix ${quoteString(prefix)}`}`,
      ),
    ],
  ],
  [
    "NFLOG",
    [
      phrase(
        /^(?:nflog-prefix +(\S.*?))?(?: ?nflog-group (\d+))?(?: nflog-range \d+)?(?: nflog-size \d+)?(?: nflog-threshold (\d+))?$/,
        ([, prefix, group, threshold]) =>
          [
            ...(prefix === undefined ? [] : [`--nflog-prefix ${quoteString(prefix.replace(/^"(.*)"$/, "$1"))}`]),
            ...(group === undefined ? [] : [`--nflog-group ${group}`]),
            ...(threshold === undefined ? [] : [`--nflog-threshold ${threshold}`]),
          ].join(" "),
      ),
    ],
  ],
  ["MARK", [phrase(/^MARK (set|xset|or|and|xor) (0x[\da-f]+)(?:\/(0x[\da-f]+))?$/i, markWords)]],
  [
    "CONNMARK",
    [
      phrase(/^CONNMARK (set|xset|or|and|xor) (0x[\da-f]+)(?:\/(0x[\da-f]+))?$/i, markWords),
      phrase(/^CONNMARK (save|restore)((?: (?:mask|nfmask|ctmask) ~?0x[\da-f]+)*)$/i, copiedMark),
    ],
  ],
  ["DNAT", [phrase(new RegExp(`^to:(\\S+)${NAT}$`), ([, to, flags]) => `--to-destination ${to}${natFlags(flags)}`)]],
  ["SNAT", [phrase(new RegExp(`^to:(\\S+)${NAT}$`), ([, to, flags]) => `--to-source ${to}${natFlags(flags)}`)]],
  [
    "MASQUERADE",
    [
      phrase(new RegExp(`^(?:masq ports: (\\S+))?${NAT.replaceAll(" (?:", " ?(?:")}$`), ([text = "", ports]) => {
        const flags = text.match(/random-fully|random/g) ?? [];
        return [...(ports === undefined ? [] : [`--to-ports ${ports}`]), ...flags.map((flag) => `--${flag}`)].join(" ");
      }),
    ],
  ],
  [
    "REDIRECT",
    [
      phrase(/^(?:redir ports (\S+))?( ?random)?$/, ([, ports, random]) =>
        [...(ports === undefined ? [] : [`--to-ports ${ports}`]), ...(random === undefined ? [] : ["--random"])].join(
          " ",
        ),
      ),
    ],
  ],
  ["NETMAP", [phrase(/^to:(\S+)$/, ([, to]) => `--to ${to}`)]],
  [
    "CT",
    [
      phrase(/^(?:CT notrack|NOTRACK)$/, () => "--notrack"),
      phrase(/^CT (zone|zone-orig|zone-reply|helper) (\S+)$/, ([, option, value]) => `--${option} ${value}`),
    ],
  ],
  [
    "TCPMSS",
    [
      phrase(/^TCPMSS clamp to PMTU$/, () => "--clamp-mss-to-pmtu"),
      phrase(/^TCPMSS set (\d+)$/, ([, mss]) => `--set-mss ${mss}`),
    ],
  ],
  ["TOS", [phrase(/^TOS set (0x[\da-f]{2}(?:\/0x[\da-f]{2})?)$/i, ([, tos]) => `--set-tos ${tos}`)]],
  ["DSCP", [phrase(/^DSCP set (0x[\da-f]{2})$/i, ([, dscp]) => `--set-dscp ${dscp}`)]],
  ["TTL", hopLimitPhrases("TTL", "ttl")],
  ["HL", hopLimitPhrases("HL", "hl")],
  [
    "TPROXY",
    [
      phrase(
        /^TPROXY redirect (\S+):(\d+) mark (0x[\da-f]+\/0x[\da-f]+)$/i,
        ([, address, port, mark]) => `--on-port ${port} --on-ip ${address} --tproxy-mark ${mark}`,
      ),
    ],
  ],
  [
    "TEE",
    [
      phrase(
        /^TEE gw:(\S+)(?: oif=(\S+))?$/,
        ([, gateway, device]) => `--gateway ${gateway}${device === undefined ? "" : ` --oif ${device}`}`,
      ),
    ],
  ],
  [
    "NFQUEUE",
    [
      phrase(
        /^NFQUEUE num (\d+)( bypass)?$/,
        ([, number, bypass]) => `--queue-num ${number}${bypass === undefined ? "" : " --queue-bypass"}`,
      ),
    ],
  ],
  ["CLASSIFY", [phrase(/^CLASSIFY set (\S+)$/, ([, value]) => `--set-class ${value}`)]],
  ["CHECKSUM", [phrase(/^CHECKSUM fill$/, () => "--checksum-fill")]],
]);

function hopLimitPhrases(name: string, option: string): readonly Phrase[] {
  return [
    phrase(
      new RegExp(`^${name} (set to|increment by|decrement by) (\\d+)$`),
      ([, how = "", value]) =>
        `--${option}-${{ "set to": "set", "increment by": "inc", "decrement by": "dec" }[how]} ${value}`,
    ),
  ];
}
