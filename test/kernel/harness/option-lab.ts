import { expect } from "vitest";
import type { Network } from "../../../src/model/network.ts";
import { BUILT_IN_CHAINS, type TableName } from "../../../src/model/ruleset.ts";
import { Duel, type ProbePacket, type Round } from "./duel.ts";
import type { LabHost } from "./lab.ts";
import { networkOf } from "./lab.ts";
import { toBuildRequest } from "./network-to-oracle.ts";
import { Oracle } from "./oracle-client.ts";
import { muted } from "./podpath-network.ts";
import { routerLab } from "./router-lab.ts";
import { routerLab6 } from "./router-lab-6.ts";

/** Both families and both backends, for `describe.each`. */
export const FAMILIES_AND_BACKENDS = [
  [4, "legacy"],
  [4, "nft"],
  [6, "legacy"],
  [6, "nft"],
] as const;

const FAR = ["A", "B", "C"];

/** A table with all its chains declared. */
export function table(name: TableName, rules: readonly string[]): string {
  return [`*${name}`, ...BUILT_IN_CHAINS[name].map((chain) => `:${chain} ACCEPT [0:0]`), ...rules, "COMMIT", ""].join(
    "\n",
  );
}

/** Each of the words as they are, and with the last option negated. */
export function both(...words: readonly string[]): readonly string[] {
  return words.flatMap((text) => [text, text.replace(" --", " ! --")]);
}

/** What a comparison of rules is about beside them. */
export interface Around {
  /** Tables before mangle. */
  readonly before?: string;
  /** Podpath's clock goes on as the kernel's. */
  readonly clock?: boolean;
  /** Connections are compared too. */
  readonly conntrack?: boolean;
  readonly ipsets?: string;
}

/** The router's lab in one family, whose rules are of one backend: rulesets are loaded one after the other. */
export class OptionLab {
  readonly oracle = new Oracle();
  readonly family: 4 | 6;
  readonly backend: "legacy" | "nft";
  private readonly router: Partial<LabHost>;

  constructor(family: 4 | 6, backend: "legacy" | "nft", router: Partial<LabHost> = {}) {
    this.family = family;
    this.backend = backend;
    this.router = router;
  }

  async build(): Promise<void> {
    await this.oracle.build(toBuildRequest(this.network("", ""), { mute: FAR }));
  }

  close(): Promise<void> {
    return this.oracle.close();
  }

  private network(text: string, ipsets: string): Network {
    const { family, backend } = this;
    const rulesets = text === "" ? [] : [{ family, backend, text }];
    const options = { router: { ...this.router, rulesets, ipsets } };
    return networkOf(family === 6 ? routerLab6(options) : routerLab(options));
  }

  /** Loads a ruleset (and sets) on both sides. */
  async load(text: string, { clock, conntrack, ipsets }: Around = {}): Promise<Duel> {
    const { family, backend } = this;
    await this.oracle.load({ host: "R", family, backend, text, ...(ipsets === undefined ? {} : { ipsets }) });
    const duel = new Duel(this.oracle, muted(this.network(text, ipsets ?? ""), FAR), conntrack ?? false);
    duel.clockRuns = clock ?? false;
    return duel;
  }

  /** Loads a ruleset and demands that both sides agree about the packets, sent one after the other. */
  async agree(text: string, packets: readonly ProbePacket[], around: Around = {}): Promise<readonly Round[]> {
    const duel = await this.load(text, around);
    const rounds: Round[] = [];
    for (const packet of packets) rounds.push(await duel.agree(packet));
    return rounds;
  }

  /**
   * Loads rules without targets into one chain of mangle, and sends the packets one after the other. Answers which rules no
   * packet matched, and which every one did that came there.
   */
  async compared(
    chain: string,
    words: readonly string[],
    packets: readonly ProbePacket[],
    around: Around = {},
  ): Promise<{ readonly never: readonly string[]; readonly always: readonly string[] }> {
    const rules = words.map((rule) => `-A ${chain} ${rule}`);
    const rounds = await this.agree((around.before ?? "") + table("mangle", rules), packets, around);
    const counts = words.map(() => 0);
    let asked = 0;
    for (const { branches, kernel } of rounds) {
      expect(branches).toHaveLength(1);
      const met = new Set(
        kernel.rules
          .filter((rule) => rule.host === "R" && rule.table === "mangle" && rule.chain === chain)
          .map(({ index }) => index),
      );
      if (met.size === 0) continue;
      asked++;
      words.forEach((_, at) => {
        if (met.has(at + 1)) counts[at] = (counts[at] ?? 0) + 1;
      });
    }
    return {
      never: words.filter((_, at) => counts[at] === 0),
      always: words.filter((_, at) => counts[at] === asked),
    };
  }
}
