import type { TargetCall } from "../../../model/ruleset.ts";
import { describePacket } from "../../../net/packet.ts";
import type { MatchExtension } from "../extension.ts";
import { type NftNumberKey, NO_VALUE, numberOf } from "../nft/key.ts";
import { compileLookup, type NftLookup } from "../nft/lookup.ts";
import { compileTarget } from "../targets/table.ts";
import { unknownOutcome } from "../unknown-outcome.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    /** A piece of a native nft rule. */
    readonly nft:
      | { readonly kind: "lookup"; readonly lookup: NftLookup }
      /** Any of these bits, or with `invert` none of them: `tcp flags syn,ack`. */
      | { readonly kind: "bits"; readonly of: NftNumberKey; readonly bits: number; readonly invert: boolean }
      /** What a rule does before it goes on: `meta mark set 1`. */
      | { readonly kind: "statement"; readonly call: TargetCall }
      /** Of a rule with a map: what stands before the map is tried once, and its outcome remembered for each element. */
      | { readonly kind: "memo"; readonly memo: NftMemo; readonly does: "forget" | "note" | "recall" }
      /** Words that podpath reads and does not evaluate. */
      | { readonly kind: "unmodelled"; readonly text: string };
  }
}

/** Whether the packet in hand passed the tests before a map. */
export interface NftMemo {
  passed: boolean;
}

/** Expressions and statements of native nft rules, one after the other (net/netfilter/nf_tables_core.c nft_do_chain()). */
export const nft: MatchExtension<"nft"> = {
  options: {},
  parse: () => ({ problem: "not written in rules of iptables" }),
  print: (options) => (options.kind === "unmodelled" ? [options.text] : []),
  compile(options, rule, family) {
    switch (options.kind) {
      case "lookup":
        return { kind: "call", test: compileLookup(options.lookup) };
      case "bits": {
        const { of, bits, invert } = options;
        return {
          kind: "call",
          test(skb) {
            const value = numberOf(of, skb);
            return value !== NO_VALUE && ((value & bits) !== 0) !== invert;
          },
        };
      }
      case "statement": {
        const run = compileTarget(options.call, rule, family);
        return {
          kind: "call",
          test(skb, runtime, hook) {
            // nft_ct_set_eval() leaves the template of `-j CT` alone.
            if (skb.template === null || options.call.name !== "CONNMARK") run(skb, runtime, hook);
            return true;
          },
        };
      }
      case "memo": {
        const { memo, does } = options;
        if (does === "recall") return { kind: "call", test: () => memo.passed };
        return {
          kind: "call",
          test() {
            memo.passed = does === "note";
            return true;
          },
        };
      }
      case "unmodelled": {
        const { text } = options;
        return {
          kind: "call",
          test: (skb, runtime) =>
            unknownOutcome(runtime, {
              code: "nft-chain",
              item: `nft ${text} rule ${rule.origin}`,
              fields: describePacket(skb.packet),
              question: `does "${text}" hold? podpath does not model it`,
              no: "it does not hold",
              yes: "it holds",
              command: "nft list ruleset",
            }),
        };
      }
    }
  },
};
