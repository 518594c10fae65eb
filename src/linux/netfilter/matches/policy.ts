import type { Matches } from "../../../model/ruleset.ts";
import { type Address, type Family, formatAddress, parseAddress } from "../../../net/address.ts";
import { addressBits, maskLength, netmask } from "../../../net/prefix.ts";
import { AH, ESP } from "../../../net/protocol.ts";
import type { GivenOption, MatchExtension, Parsed } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, givenValue, optionWords } from "../option-words.ts";

interface Tested<T> {
  readonly value: T;
  readonly invert: boolean;
}

interface Tunnel {
  readonly address: Address;
  readonly mask: Address;
}

/** One transformation of an IPsec policy. */
interface Element {
  readonly reqid: Tested<number> | null;
  readonly spi: Tested<number> | null;
  readonly protocol: Tested<number> | null;
  readonly mode: Tested<"transport" | "tunnel"> | null;
  readonly tunnelDestination: Tested<Tunnel> | null;
  readonly tunnelSource: Tested<Tunnel> | null;
}

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly policy: {
      readonly direction: "in" | "out";
      readonly policy: "none" | "ipsec";
      readonly strict: boolean;
      /** What the one element has to be; all null where the rule says nothing, and with `none`. */
      readonly element: Element;
    };
  }
}

const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ["esp", ESP],
  ["ah", AH],
  ["ipcomp", 108],
]);
const ANYTHING: Element = {
  reqid: null,
  spi: null,
  protocol: null,
  mode: null,
  tunnelDestination: null,
  tunnelSource: null,
};
const MAX = 0xffffffff;

function parseTunnel(text: string, family: Family): Tunnel | null {
  const slash = text.indexOf("/");
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address?.family !== family) return null;
  const bits = addressBits(family);
  if (slash < 0) return { address, mask: netmask(family, bits) };
  const tail = text.slice(slash + 1);
  const length = parseNumber(tail, bits);
  const mask = length === null ? parseAddress(tail) : netmask(family, length);
  return mask?.family === family ? { address, mask } : null;
}

function formatTunnel({ address, mask }: Tunnel): string {
  const length = maskLength(mask);
  if (length === addressBits(address.family)) return formatAddress(address);
  return `${formatAddress(address)}/${length ?? formatAddress(mask)}`;
}

function protocolNumber(text: string): number | null {
  const number = PROTOCOLS.get(text) ?? parseNumber(text, 255);
  return number !== null && [...PROTOCOLS.values()].includes(number) ? number : null;
}

function protocolName(number: number): string {
  for (const [name, known] of PROTOCOLS) if (known === number) return name;
  return String(number);
}

/** Undefined when the value is malformed. */
function tested<T>(
  given: readonly GivenOption[],
  name: string,
  parse: (text: string) => T | null,
): Tested<T> | null | undefined {
  const option = givenOption(given, name);
  if (option === undefined) return null;
  const value = parse(option.values[0] ?? "");
  return value === null ? undefined : { value, invert: option.invert };
}

function parseMode(text: string): "transport" | "tunnel" | null {
  return text === "transport" || text === "tunnel" ? text : null;
}

function parseElement(given: readonly GivenOption[], family: Family): Element | null {
  const reqid = tested(given, "reqid", (text) => parseNumber(text, MAX));
  const spi = tested(given, "spi", (text) => parseNumber(text, MAX));
  const protocol = tested(given, "proto", protocolNumber);
  const mode = tested(given, "mode", parseMode);
  const tunnelDestination = tested(given, "tunnel-dst", (text) => parseTunnel(text, family));
  const tunnelSource = tested(given, "tunnel-src", (text) => parseTunnel(text, family));
  if (reqid === undefined || spi === undefined || protocol === undefined || mode === undefined) return null;
  if (tunnelDestination === undefined || tunnelSource === undefined) return null;
  return { reqid, spi, protocol, mode, tunnelDestination, tunnelSource };
}

function parsePolicy(given: readonly GivenOption[], family: Family): Parsed<Matches["policy"]> {
  const direction = givenValue(given, "dir");
  if (direction !== "in" && direction !== "out") return { problem: "expected --dir in or out" };
  const policy = givenValue(given, "pol") ?? "ipsec";
  if (policy !== "none" && policy !== "ipsec") return { problem: "expected --pol none or ipsec" };
  const strict = givenOption(given, "strict") !== undefined;
  const element = parseElement(given, family);
  if (element === null) return { problem: "bad value of --reqid, --spi, --proto, --mode or a tunnel address" };
  if (policy === "none") {
    if (strict) return { problem: "policy none but --strict given" };
    return { value: { direction, policy, strict, element: ANYTHING } };
  }
  const tunnelled = element.tunnelDestination !== null || element.tunnelSource !== null;
  if (tunnelled && (element.mode === null || (element.mode.value === "tunnel") === element.mode.invert)) {
    return { problem: "--tunnel-src/--tunnel-dst is only valid in tunnel mode" };
  }
  if (strict && Object.values(element).every((test) => test === null)) return { problem: "empty policy element" };
  return { value: { direction, policy, strict, element } };
}

function words<T>(name: string, test: Tested<T> | null, format: (value: T) => string): readonly string[] {
  return test === null ? [] : optionWords(name, test.invert, format(test.value));
}

/**
 * `-m policy` (net/netfilter/xt_policy.c): whether IPsec has treated the packet (`--dir in`) or will (`out`). IPsec is
 * not modelled, so `--pol none` matches and `--pol ipsec` does not, and answers say that they rest on that. Policies of
 * several elements (`--next`) are not read.
 */
export const policy: MatchExtension<"policy"> = {
  options: {
    dir: { values: 1, negatable: false },
    pol: { values: 1, negatable: false },
    strict: { values: 0, negatable: false },
    reqid: { values: 1, negatable: true },
    spi: { values: 1, negatable: true },
    proto: { values: 1, negatable: true },
    mode: { values: 1, negatable: true },
    "tunnel-dst": { values: 1, negatable: true },
    "tunnel-src": { values: 1, negatable: true },
  },
  parse: (given, { family }) => parsePolicy(given, family),
  print({ direction, policy: kind, strict, element }) {
    return [
      "--dir",
      direction,
      "--pol",
      kind,
      ...(strict ? ["--strict"] : []),
      ...words("reqid", element.reqid, String),
      ...words("spi", element.spi, (value) => `0x${value.toString(16)}`),
      ...words("proto", element.protocol, protocolName),
      ...words("mode", element.mode, String),
      ...words("tunnel-dst", element.tunnelDestination, formatTunnel),
      ...words("tunnel-src", element.tunnelSource, formatTunnel),
    ];
  },
  compile({ policy: kind }) {
    return {
      kind: "call",
      test(_skb, runtime) {
        runtime.services.assume(runtime, "ipsec-policy-absent", `no IPsec policy on ${runtime.host.name} applies`);
        return kind === "none";
      },
    };
  },
};
