import { type Refusal, refusedRules, withoutRefused } from "../../linux/netfilter/refused-rules.ts";
import type { Rule, Table } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import type { BlockContext, ChainLine, TableBlock } from "./table-block.ts";

/** XT_EXTENSION_MAXNAMELEN less the NUL: iptables 1.8 counts 28. */
const CHAIN_NAME_LENGTH = 28;

/** Names that no chain may have, since rules mean something else by them. */
const VERDICTS: ReadonlySet<string> = new Set(["ACCEPT", "DROP", "QUEUE", "RETURN"]);

/**
 * Reports the rules of a table that the kernel would have refused, and marks them, so that the datapath goes without them.
 * What is said is what iptables 1.8.9 says, and the kernel's log.
 */
export function leaveOutRefused(table: Table, block: TableBlock, context: BlockContext): Table {
  const { findings, origins } = context;
  const { family, backend } = block;
  const refusals = refusedRules(table, family, backend);
  const lineOf = ({ origin }: Rule): number => origins.lineOf[origin] ?? 0;
  const told = new Set<string>();
  for (const refusal of refusals) {
    const line = lineOf(refusal.rule);
    // A list of addresses makes several rules of one line.
    const key = `${line} ${refusal.code}`;
    if (told.has(key)) continue;
    told.add(key);
    findings.add(
      refusal.code,
      "error",
      line,
      `The kernel cannot hold this rule of chain ${refusal.chain} (table ${table.name}), so it is left out: ${refusal.complaint}.`,
      { advice: `Loading it fails: ${toolSays(refusal, family, backend)}` },
    );
  }
  return withoutRefused(table, refusals, lineOf);
}

function toolSays({ errno, complaint, chain }: Refusal, family: Family, backend: "legacy" | "nft"): string {
  const tool = family === 6 ? "ip6tables" : "iptables";
  if (errno === null) return `${tool} says "${complaint}"`;
  if (backend === "nft") return `${tool}-nft says "RULE_APPEND failed (${errno}): rule in chain ${chain}"`;
  const more = errno === "Invalid argument" ? " Run `dmesg' for more information." : "";
  return `${tool}-legacy says "${errno}.${more}"`;
}

/** Names of chains that iptables refuses: the chain is kept, since rules lead to it. */
export function reportChainName({ name, line }: ChainLine, block: TableBlock, context: BlockContext): void {
  const problem = chainNameProblem(name, block.backend);
  if (problem === null) return;
  context.findings.add("refused-chain-name", "error", line, `iptables refuses the chain ${name}: ${problem}.`, {
    advice: "It is read as if it could be.",
  });
}

/** Whether iptables lets a chain have that name. */
export function isChainName(name: string, backend: "legacy" | "nft"): boolean {
  return chainNameProblem(name, backend) === null;
}

function chainNameProblem(name: string, backend: "legacy" | "nft"): string | null {
  if (name.length > CHAIN_NAME_LENGTH) {
    return backend === "nft"
      ? `chain name \`${name}' too long (must be under ${CHAIN_NAME_LENGTH + 1} chars)`
      : `Invalid chain name \`${name}' (${CHAIN_NAME_LENGTH} chars max)`;
  }
  if (VERDICTS.has(name)) {
    return backend === "nft"
      ? "chain name may not clash with target name"
      : `error creating chain '${name}':File exists`;
  }
  if (backend === "nft" && (name.startsWith("-") || name.startsWith("!"))) {
    return `chain name not allowed to start with \`${name[0] ?? ""}'`;
  }
  return null;
}
