import type { Backend, CompiledMatch, GivenOption, OptionSpec, Parsed } from "./extension.ts";
import { formatRange, parsePortRange, type RangeTest } from "./option-values.ts";
import { givenOption, optionWords } from "./option-words.ts";

/** `--sport` and `--dport` of one transport protocol; null where the option is absent. */
export interface PortOptions {
  readonly sport: RangeTest | null;
  readonly dport: RangeTest | null;
}

export const PORT_OPTIONS = {
  sport: { values: 1, negatable: true, aliases: ["source-port"] },
  dport: { values: 1, negatable: true, aliases: ["destination-port"] },
} as const satisfies Readonly<Record<string, OptionSpec>>;

/** Reads both options; the protocol must be named by `-p`, as every one of these extensions demands. */
export function parsePorts(given: readonly GivenOption[], actual: number | null, wanted: number): Parsed<PortOptions> {
  if (actual !== wanted) return { problem: "the rule needs -p with this protocol" };
  const sport = portTest(given, "sport");
  const dport = portTest(given, "dport");
  if (sport === undefined) return { problem: "invalid port or range after --sport" };
  if (dport === undefined) return { problem: "invalid port or range after --dport" };
  return { value: { sport, dport } };
}

function portTest(given: readonly GivenOption[], name: string): RangeTest | null | undefined {
  const option = givenOption(given, name);
  if (option === undefined) return null;
  const range = parsePortRange(option.values[0] ?? "");
  return range === null ? undefined : { ...range, invert: option.invert };
}

/** A range of all ports is not printed, negated or not: so does the real iptables-save (libxt_tcp.c). */
export function printPorts(options: PortOptions): readonly string[] {
  return [...portWords("sport", options.sport), ...portWords("dport", options.dport)];
}

function portWords(name: string, test: RangeTest | null): readonly string[] {
  if (test === null || isEveryPort(test)) return [];
  return optionWords(name, test.invert, formatRange(test));
}

/**
 * The tests of both ports. Without any, the extension still refuses further fragments, which a range of all ports
 * expresses (net/netfilter/xt_tcpudp.c, xt_sctp.c, xt_dccp.c: `if (par->fragoff != 0) return false`).
 */
export function compilePorts(options: PortOptions): readonly CompiledMatch[] {
  const { sport, dport } = options;
  const tests: CompiledMatch[] = [];
  if (sport !== null) tests.push({ kind: "sport", first: sport.first, last: sport.last, invert: sport.invert });
  if (dport !== null) tests.push({ kind: "dport", first: dport.first, last: dport.last, invert: dport.invert });
  return tests.length > 0 ? tests : [{ kind: "sport", first: 0, last: 0xffff, invert: false }];
}

/**
 * The same of TCP and UDP, for which iptables-nft writes comparisons of its own: none for all ports, negated or not, so that
 * `! --dport 0:65535` holds for every packet there, while the module's match holds for none (observed with iptables 1.8.9).
 */
export function compileTcpUdpPorts(options: PortOptions, backend: Backend): readonly CompiledMatch[] {
  const { sport, dport } = options;
  if (backend === "legacy" || (!excludesAll(sport) && !excludesAll(dport))) return compilePorts(options);
  const rest = { sport: isEveryPort(sport) ? null : sport, dport: isEveryPort(dport) ? null : dport };
  return rest.sport === null && rest.dport === null ? [] : compilePorts(rest);
}

function isEveryPort(test: RangeTest | null): boolean {
  return test !== null && test.first === 0 && test.last === 0xffff;
}

function excludesAll(test: RangeTest | null): boolean {
  return test?.invert === true && isEveryPort(test);
}
