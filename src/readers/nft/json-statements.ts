import { isJsonObject, type JsonObject, numberField, objectField, textField } from "../json-fields.ts";

/**
 * The statements of a rule in `nft -j list ruleset`, in the words of `nft list ruleset`. JSON says less of what xtables' own extensions do:
 * `{"xt": {"type": "match", "name": "conntrack"}}` is all there is of a match that the text prints as `ct state` (measured with nft 1.0.6).
 */
export function jsonStatements(expressions: readonly JsonObject[]): string {
  return expressions
    .map(statementOf)
    .filter((statement) => statement !== "")
    .join(" ");
}

function statementOf(expression: JsonObject): string {
  const [name = "", value] = Object.entries(expression)[0] ?? [];
  const said = isJsonObject(value) ? fields(name, value) : plain(name, value);
  return said ?? unknown(name, value);
}

/** What no pattern fits, so that the rule is in doubt. */
function unknown(name: string, value: unknown): string {
  return `${name} ${JSON.stringify(value)}`;
}

const PLAIN: ReadonlySet<string> = new Set([
  "accept",
  "drop",
  "return",
  "continue",
  "counter",
  "notrack",
  "masquerade",
  "redirect",
  "reject",
]);

function plain(name: string, value: unknown): string | null {
  if (name === "counter" && typeof value === "string") return `counter name ${value}`;
  return value === null && PLAIN.has(name) ? name : null;
}

function fields(name: string, value: JsonObject): string | null {
  switch (name) {
    case "match":
      return matchOf(value);
    case "counter":
      return `counter packets ${numberField(value, "packets") ?? 0} bytes ${numberField(value, "bytes") ?? 0}`;
    case "jump":
    case "goto":
      return `${name} ${textField(value, "target") ?? ""}`;
    case "xt":
      // a comment matches always
      return textField(value, "name") === "comment"
        ? ""
        : `xt ${textField(value, "type") ?? ""} ${textField(value, "name") ?? ""}`;
    case "vmap": {
      const key = keyOf(value["key"]);
      const data = jsonWord(value["data"]);
      return key === null || data === null ? null : `${key} vmap ${data}`;
    }
    case "limit":
      return limitOf(value);
    case "reject":
      return rejectOf(value);
    case "log":
      return logOf(value);
    case "mangle":
      return mangleOf(value);
    case "masquerade":
    case "redirect":
    case "dnat":
    case "snat":
      return natOf(name, value);
    default:
      return null;
  }
}

function matchOf(match: JsonObject): string | null {
  const written = textField(match, "op") ?? "==";
  const operator = written === "in" ? "==" : written;
  const { left: leftSide, right: rightSide } = match;
  const masked = isJsonObject(leftSide) ? leftSide["&"] : undefined;
  if (Array.isArray(masked)) {
    const what = keyOf(masked[0]);
    const mask = jsonWord(masked[1]);
    const value = jsonWord(rightSide);
    if (what === null || mask === null || value === null) return null;
    if (what === "tcp flags") return `tcp flags ${operator === "!=" ? "!= " : ""}${bits(value)} / ${bits(mask)}`;
    return `${what} & ${mask} ${operator} ${value}`;
  }
  const what = keyOf(leftSide);
  const value = jsonWord(rightSide);
  if (what === null || value === null) return null;
  return `${what} ${operator === "==" ? "" : `${operator} `}${value}`;
}

/** Flags that are given as a number. */
function bits(flags: string): string {
  return /^\d+$/.test(flags) ? `0x${Number(flags).toString(16)}` : flags;
}

/** What is compared. */
function keyOf(left: unknown): string | null {
  if (!isJsonObject(left)) return null;
  const { concat } = left;
  if (Array.isArray(concat)) return all(concat.map(keyOf))?.join(" . ") ?? null;
  const meta = objectField(left, "meta");
  const key = meta === null ? null : textField(meta, "key");
  if (key !== null) return key === "iifname" || key === "oifname" || key === "pkttype" ? key : `meta ${key}`;
  const payload = objectField(left, "payload");
  if (payload !== null) {
    const protocol = textField(payload, "protocol");
    const field = textField(payload, "field");
    return protocol === null || field === null ? null : `${protocol} ${field}`;
  }
  const ct = objectField(left, "ct");
  if (ct !== null) return textField(ct, "dir") === null ? `ct ${textField(ct, "key") ?? ""}` : null;
  const fib = objectField(left, "fib");
  if (fib === null) return null;
  return `fib ${list(fib["flags"], " . ")} ${textField(fib, "result") ?? ""}`;
}

function list(value: unknown, separator: string): string {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string").join(separator) : String(value);
}

function all(words: readonly (string | null)[]): readonly string[] | null {
  return words.includes(null) ? null : words.flatMap((word) => word ?? []);
}

/** A value, a list of flags, a range, a prefix, a set, a member of one or a verdict, in the words of the text; null for others. */
export function jsonWord(value: unknown): string | null {
  if (typeof value === "string" || typeof value === "number") return String(value);
  if (Array.isArray(value)) {
    const [key, verdict] = value;
    if (isJsonObject(verdict) && value.length === 2)
      return all([jsonWord(key), verdictOf(verdict)])?.join(" : ") ?? null;
    return value.every((one) => typeof one === "string") ? value.join(",") : null;
  }
  if (!isJsonObject(value)) return null;
  const prefix = objectField(value, "prefix");
  if (prefix !== null) return `${textField(prefix, "addr") ?? ""}/${numberField(prefix, "len") ?? ""}`;
  const element = objectField(value, "elem");
  if (element !== null) return jsonWord(element["val"]);
  const { range, set, concat, "|": flags } = value;
  if (Array.isArray(range)) return all(range.map(jsonWord))?.join("-") ?? null;
  if (Array.isArray(flags)) return all(flags.map(jsonWord))?.join(",") ?? null;
  if (Array.isArray(concat)) return all(concat.map(jsonWord))?.join(" . ") ?? null;
  if (!Array.isArray(set)) return null;
  const members = all(set.map(jsonWord));
  return members === null ? null : `{ ${members.join(", ")} }`;
}

function verdictOf(verdict: JsonObject): string | null {
  const [name = "", target] = Object.entries(verdict)[0] ?? [];
  if (name === "jump" || name === "goto")
    return isJsonObject(target) ? `${name} ${textField(target, "target") ?? ""}` : null;
  return target === null ? name : null;
}

/** Five packets are the burst that is printed as none. */
const BURST = 5;

function limitOf(limit: JsonObject): string | null {
  const rate = numberField(limit, "rate");
  const burst = numberField(limit, "burst") ?? BURST;
  const unit = textField(limit, "per");
  // bytes, and limits that match above their rate, are none of iptables'
  if (rate === null || unit === null || "rate_unit" in limit || limit["inv"] === true) return null;
  return `limit rate ${rate}/${unit}${burst === BURST ? "" : ` burst ${burst} packets`}`;
}

function rejectOf(reject: JsonObject): string | null {
  const type = textField(reject, "type");
  if (type === "tcp reset") return "reject with tcp reset";
  const code = textField(reject, "expr");
  if (type === null) return "reject";
  return code === null ? null : `reject with ${type} type ${code}`;
}

function logOf(log: JsonObject): string | null {
  const known = ["prefix", "group", "level", "flags"];
  if (Object.keys(log).some((key) => !known.includes(key))) return null;
  if (log["flags"] !== undefined && log["flags"] !== "all") return null;
  const prefix = textField(log, "prefix");
  const group = textField(log, "group");
  const level = textField(log, "level");
  return [
    "log",
    ...(prefix === null ? [] : [`prefix ${JSON.stringify(prefix)}`]),
    ...(group === null ? [] : [`group ${group}`]),
    ...(level === null ? [] : [`level ${level}`]),
    ...(log["flags"] === "all" ? ["flags all"] : []),
  ].join(" ");
}

/** `{"mangle": {"key": {"meta": {"key": "mark"}}, "value": …}}`. */
function mangleOf(mangle: JsonObject): string | null {
  const key = keyOf(mangle["key"]);
  if (key !== "meta mark" && key !== "ct mark") return null;
  const { value } = mangle;
  const direct = jsonWord(value);
  if (direct !== null) return `${key} set ${direct}`;
  const own = key === "meta mark" ? "mark" : "ct mark";
  const xor = operands(value, "^");
  const inner = xor === null ? value : xor[0];
  for (const [sign, word] of [
    ["&", "and"],
    ["|", "or"],
    ["^", "xor"],
  ] as const) {
    const pair = operands(sign === "^" ? value : inner, sign);
    const operand = pair === null ? null : jsonWord(pair[1]);
    if (pair === null || operand === null || keyOf(pair[0]) !== key) continue;
    const rest = sign === "^" || xor === null ? "" : ` xor ${jsonWord(xor[1]) ?? "?"}`;
    return `${key} set ${own} ${word} ${operand}${rest}`;
  }
  return null;
}

function operands(value: unknown, sign: string): readonly [unknown, unknown] | null {
  const pair = isJsonObject(value) ? value[sign] : undefined;
  return Array.isArray(pair) && pair.length === 2 ? [pair[0], pair[1]] : null;
}

function natOf(name: string, nat: JsonObject): string | null {
  const known = ["addr", "port", "flags", "family"];
  if (Object.keys(nat).some((key) => !known.includes(key))) return null;
  const address = nat["addr"] === undefined ? "" : jsonWord(nat["addr"]);
  const port = nat["port"] === undefined ? "" : jsonWord(nat["port"]);
  if (address === null || port === null) return null;
  const shown = address.includes(":") && port !== "" ? `[${address}]` : address;
  const to = `${shown}${port === "" ? "" : `:${port}`}`;
  // of a table for both families
  const family = textField(nat, "family");
  const flags = nat["flags"] === undefined ? "" : ` ${list(nat["flags"], ",")}`;
  return `${name}${to === "" ? "" : `${family === null ? "" : ` ${family}`} to ${to}`}${flags}`;
}
