import { ANY_INTERFACE } from "./active-host-endpoints.ts";
import { endpointChainName } from "./endpoint-chain.ts";
import { commentedRule, type FelixChain, type FelixRule, felixRule } from "./felix-rule.ts";

/** A chain of which a packet meets one or two of a dozen: its rules are made when somebody asks for them. */
export interface DispatchChain {
  readonly name: string;
  rules(): readonly FelixRule[];
}

function commonPrefix(names: readonly string[]): string {
  const [first = ""] = names;
  const last = names.at(-1) ?? "";
  let length = 0;
  while (length < first.length && first[length] === last[length]) length++;
  return first.slice(0, length);
}

/**
 * A chain that finds an endpoint's chain by its interface, with a child for each next character that several names share
 * (felix/rules/dispatch.go, buildSingleDispatchChains). A goto never comes back, so each child ends as the root does.
 *
 * @param chainPrefix what the endpoints' chains begin with; `cali-fw-`
 * @param endRules for interfaces that are none of the names
 */
export function dispatchChains(
  root: string,
  names: readonly string[],
  side: "in" | "out",
  chainPrefix: string,
  endRules: readonly FelixRule[],
): readonly DispatchChain[] {
  const sorted = [...new Set(names)].sort();
  const shared = commonPrefix(sorted);
  const bins = new Map<string, string[]>();
  for (const name of sorted) {
    const bin = name.slice(0, shared.length + 1);
    const found = bins.get(bin);
    if (found === undefined) bins.set(bin, [name]);
    else found.push(name);
  }
  const direct = (name: string): FelixRule =>
    felixRule(`--${side}-interface ${name}`, `--goto ${endpointChainName(chainPrefix, name)}`);
  const childOf = (bin: string): string => `${root}-${bin.slice(shared.length)}`;
  const children: DispatchChain[] = [];
  for (const [bin, members] of bins) {
    if (members.length > 1) children.push({ name: childOf(bin), rules: () => [...members.map(direct), ...endRules] });
  }
  const toBin = ([bin, members]: readonly [string, readonly string[]]): FelixRule => {
    const [only = ""] = members;
    return members.length === 1 ? direct(only) : felixRule(`--${side}-interface ${bin}+`, `--goto ${childOf(bin)}`);
  };
  return [...children, { name: root, rules: () => [...[...bins].map(toBin), ...endRules] }];
}

/**
 * The same for host endpoints: other interfaces go to the chain of the endpoint for all interfaces, where there is one
 * (dispatch.go, hostDispatchChains).
 *
 * @param names interfaces with a host endpoint; `any-interface-at-all` for all others
 * @param skipped prefixes of interfaces that the endpoint for all interfaces leaves alone
 */
export function hostDispatchChains(
  root: string,
  names: readonly string[],
  side: "in" | "out",
  chainPrefix: string,
  skipped: readonly string[] = [],
): readonly FelixChain[] {
  const skips = skipped.map((prefix) =>
    commentedRule(
      "Skip egress WHEP policy for traffic to local workload",
      `--out-interface ${prefix}+`,
      "--jump RETURN",
    ),
  );
  const others = [...skips, felixRule("", `--goto ${endpointChainName(chainPrefix, ANY_INTERFACE)}`)];
  const named = names.filter((name) => name !== ANY_INTERFACE);
  const chains = dispatchChains(root, named, side, chainPrefix, named.length === names.length ? [] : others);
  return chains.map(({ name, rules }) => ({ name, rules: rules() }));
}
