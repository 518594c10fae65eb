import type { Word } from "../iptables/words.ts";

/** A rule cut into the pieces that Felix puts together. Each piece has the spellings that Felix may have used, the likelier first. */
export interface FelixPieces {
  /** Human comments as match fragments, in order. */
  readonly comments: readonly string[];
  /** `--in-interface` and `--out-interface`. */
  readonly devices: readonly string[];
  readonly protocol: readonly string[];
  readonly source: readonly string[];
  readonly destination: readonly string[];
  /** `-m` fragments in the order written. */
  readonly matches: readonly string[];
  readonly target: readonly string[];
}

/** A piece that is not there. */
const ABSENT: readonly string[] = [""];

/** Numbers of protocols that Felix writes as numbers where its own rules need them, and as names where a policy says so. */
const PROTOCOL_NUMBERS: ReadonlyMap<string, string> = new Map([
  ["icmp", "1"],
  ["ipencap", "4"],
  ["ipv4", "4"],
  ["tcp", "6"],
  ["udp", "17"],
  ["ipv6-icmp", "58"],
  ["icmpv6", "58"],
  ["sctp", "132"],
  ["udplite", "136"],
]);

/**
 * The pieces of a rule from the words behind `-A CHAIN`, as iptables-save spells them; null for words that Felix never writes.
 * The comment with the hash is none of them.
 */
export function felixPieces(words: readonly Word[]): FelixPieces | null {
  const comments: string[] = [];
  const devices: string[] = [];
  const matches: string[] = [];
  let protocol = ABSENT;
  let source = ABSENT;
  let destination = ABSENT;
  let target = ABSENT;
  let at = 0;
  while (at < words.length) {
    const invert = words[at]?.text === "!" ? "! " : "";
    if (invert !== "") at++;
    const option = words[at]?.text ?? "";
    const value = words[at + 1]?.text ?? "";
    switch (option) {
      case "-i":
        devices.push(`${invert}--in-interface ${value}`);
        break;
      case "-o":
        devices.push(`${invert}--out-interface ${value}`);
        break;
      case "-p":
        protocol = protocolSpellings(invert, value);
        break;
      case "-s":
        source = addressSpellings(`${invert}--source`, value);
        break;
      case "-d":
        destination = addressSpellings(`${invert}--destination`, value);
        break;
      case "-j":
      case "-g": {
        const rest = words.slice(at + 2);
        target = option === "-g" ? [`--goto ${value}`] : targetSpellings(value, rest);
        at = words.length;
        continue;
      }
      case "-m": {
        let end = at + 2;
        while (end < words.length && !isNext(words, end)) end++;
        const own = words.slice(at + 2, end);
        if (value === "comment") {
          const text = own[1]?.text ?? "";
          if (!text.startsWith("cali:")) comments.push(`-m comment --comment "${text}"`);
        } else matches.push(matchSpelling(value, own));
        at = end;
        continue;
      }
      default:
        return null;
    }
    at += 2;
  }
  return { comments, devices, protocol, source, destination, matches, target };
}

/** True where the options of a match end. */
function isNext(words: readonly Word[], at: number): boolean {
  const word = words[at];
  return word !== undefined && !word.quoted && (word.text === "-m" || word.text === "-j" || word.text === "-g");
}

function protocolSpellings(invert: string, name: string): readonly string[] {
  const number = PROTOCOL_NUMBERS.get(name);
  if (number === undefined) return [`${invert}-p ${name}`];
  // Felix's own rules about tunnels have numbers, all others have names
  const spellings = [`${invert}-p ${name}`, `${invert}-p ${number}`];
  return number === "4" ? spellings.reverse() : spellings;
}

function addressSpellings(option: string, address: string): readonly string[] {
  const bare = address.replace(/\/(?:32|128)$/, "");
  return bare === address ? [`${option} ${address}`] : [`${option} ${address}`, `${option} ${bare}`];
}

function matchSpelling(name: string, words: readonly Word[]): string {
  const own = words.map(({ text }) => text);
  switch (name) {
    case "mark":
      return `-m mark ${own.join(" ").replace(/--mark 0x0\//, "--mark 0/")}`;
    case "multiport":
      return `-m multiport ${own.join(" ").replace("--dports", "--destination-ports").replace("--sports", "--source-ports")}`;
    case "rpfilter":
      // iptables prints --validmark first
      return own.includes("--validmark") && own.includes("--invert")
        ? "-m rpfilter --invert --validmark"
        : `-m rpfilter ${own.join(" ")}`;
    case "tcp":
    case "udp":
      // `-p udp --dport N` needs no -m
      return own.every((word) => /^(?:!|--[ds]port|\d+)$/.test(word)) ? own.join(" ") : `-m ${name} ${own.join(" ")}`;
    default:
      return `-m ${name} ${own.join(" ")}`;
  }
}

function targetSpellings(name: string, words: readonly Word[]): readonly string[] {
  const own = words.map(({ text }) => text);
  const value = (option: string): string | null => {
    const at = own.indexOf(option);
    return at < 0 ? null : (own[at + 1] ?? null);
  };
  const plain = `--jump ${[name, ...own].join(" ")}`;
  switch (name) {
    case "MARK": {
      const [mark = "", mask = ""] = (value("--set-xmark") ?? "").split("/");
      if (mask === "") return [plain];
      if (mask === "0x0") return [`--jump MARK --xor-mark ${mark}`];
      return [`--jump MARK --set-mark ${mark === "0x0" ? "0" : mark}/${mask}`];
    }
    case "REJECT":
      return value("--reject-with") === "tcp-reset" ? [plain] : ["--jump REJECT", plain];
    case "CT":
      return own.join(" ") === "--notrack" ? ["--jump NOTRACK"] : [plain];
    case "LOG":
      return [`--jump LOG --log-prefix "${value("--log-prefix") ?? ""}" --log-level 5`];
    case "NFLOG": {
      const group = `--nflog-group ${value("--nflog-group") ?? ""}`;
      const prefix = `--nflog-prefix ${value("--nflog-prefix") ?? ""}`;
      return ["--nflog-size 80", "--nflog-range 80", ""].map((size) =>
        `--jump NFLOG ${group} ${prefix} ${size}`.trimEnd(),
      );
    }
    case "DSCP": {
      const dscp = value("--set-dscp");
      return dscp === null ? [plain] : [`--jump DSCP --set-dscp ${Number(dscp)}`];
    }
    default:
      return [plain];
  }
}

/** So many orders and spellings of one rule are tried. */
const MOST_TEXTS = 64;

/**
 * The texts that Felix may have made these pieces from, the likelier first: iptables-save puts addresses, devices and the protocol
 * before all matches, Felix where they were added (felix/rules/policy.go: protocol, source, source sets and ports, destination, …).
 */
export function* felixTexts(pieces: FelixPieces): Generator<string> {
  let count = 0;
  for (const target of pieces.target) {
    for (const protocol of pieces.protocol) {
      for (const source of pieces.source) {
        for (const destination of pieces.destination) {
          for (const fragments of orders(pieces, protocol, source, destination)) {
            if (count++ >= MOST_TEXTS) return;
            yield [...pieces.comments, ...fragments, target].filter((part) => part !== "").join(" ");
          }
        }
      }
    }
  }
}

function* orders(
  pieces: FelixPieces,
  protocol: string,
  source: string,
  destination: string,
): Generator<readonly string[]> {
  const { devices, matches } = pieces;
  const places = destination === "" ? [0] : placesOf(matches);
  for (const place of places) {
    yield [...devices, protocol, source, ...matches.slice(0, place), destination, ...matches.slice(place)];
  }
  if (devices.length === 0) return;
  for (const place of places) {
    const rest = [source, ...matches.slice(0, place), destination, ...matches.slice(place)];
    if (protocol !== "") yield [protocol, ...devices, ...rest];
    if (matches.length > 0) yield [protocol, ...rest, ...devices];
  }
}

/** Where a destination may stand among the matches: behind those about the source, else anywhere. */
function placesOf(matches: readonly string[]): readonly number[] {
  const isAboutSource = (match: string): boolean => / src$| src,src$|--source-ports|--sport/.test(match);
  let likely = 0;
  for (const [i, match] of matches.entries()) if (isAboutSource(match)) likely = i + 1;
  const all = Array.from({ length: matches.length + 1 }, (_, i) => i);
  return [likely, ...all.filter((place) => place !== likely)];
}
