import { describePacket } from "../../../net/packet.ts";
import type { HostRuntime } from "../../runtime.ts";
import type { Owner, Skb } from "../../skb.ts";
import type { GivenOption, MatchExtension } from "../extension.ts";
import { formatRange, parseNumber, parseNumberRange, type RangeTest } from "../option-values.ts";
import { givenOption, optionWords } from "../option-words.ts";
import { unknownOutcome } from "../unknown-outcome.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly owner: {
      readonly socketExists: { readonly invert: boolean } | null;
      readonly uid: RangeTest | null;
      readonly gid: RangeTest | null;
      readonly supplementaryGroups: boolean;
    };
  }
}

const MAX_ID = 0xfffffffe;

/** Ids by number; of names only `root` is the same on every host. */
function idTest(given: readonly GivenOption[], name: string): RangeTest | null | undefined {
  const option = givenOption(given, name);
  if (option === undefined) return null;
  const text = option.values[0] ?? "";
  const range =
    text === "root" ? { first: 0, last: 0 } : parseNumberRange(text, MAX_ID, "-", (part) => parseNumber(part, MAX_ID));
  return range === null ? undefined : { ...range, invert: option.invert };
}

function idWords(name: string, test: RangeTest | null): readonly string[] {
  return test === null ? [] : optionWords(name, test.invert, formatRange(test, "-"));
}

function inRange(test: RangeTest, id: number): boolean {
  return id >= test.first && id <= test.last;
}

/** Whether the sender's group, or one of its supplementary groups that no dump tells, is in range. */
function inGroup(test: RangeTest, owner: Owner, supplementary: boolean, skb: Skb, runtime: HostRuntime): boolean {
  const { gid } = owner;
  if (gid === null) {
    return unknownOutcome(runtime, {
      code: "supplementary-groups",
      item: `groups of uid ${owner.uid} in ${formatRange(test, "-")}`,
      fields: describePacket(skb.packet),
      question: `is ${supplementary ? "a group" : "the group"} of the sender, uid ${owner.uid}, in ${formatRange(test, "-")}?`,
      no: supplementary ? "none is" : "it is not",
      yes: supplementary ? "one is" : "it is",
      command: `id ${owner.uid}`,
    });
  }
  if (inRange(test, gid) || !supplementary) return inRange(test, gid);
  return unknownOutcome(runtime, {
    code: "supplementary-groups",
    item: `supplementary groups of uid ${owner.uid} in ${formatRange(test, "-")}`,
    fields: describePacket(skb.packet),
    question: `is a supplementary group of the sender, uid ${owner.uid}, in ${formatRange(test, "-")}?`,
    no: "none is",
    yes: "one is",
    command: "id",
  });
}

/**
 * `-m owner` (net/netfilter/xt_owner.c owner_mt). A packet without a local socket matches only where every option is
 * negated. What the kernel itself sends (echo replies, ICMP errors, resets of IPv4) belongs to a socket without a file,
 * hence without ids: `--socket-exists` holds, plain `--uid-owner` and `--gid-owner` do not, negated ones do (observed on
 * Linux 6.18). Resets of IPv6 and of `-j REJECT --reject-with tcp-reset` have no socket.
 */
export const owner: MatchExtension<"owner"> = {
  options: {
    "uid-owner": { values: 1, negatable: true },
    "gid-owner": { values: 1, negatable: true },
    "socket-exists": { values: 0, negatable: true },
    "suppl-groups": { values: 0, negatable: false },
  },
  parse(given) {
    const uid = idTest(given, "uid-owner");
    const gid = idTest(given, "gid-owner");
    const socket = givenOption(given, "socket-exists");
    if (uid === undefined) return { problem: "expected --uid-owner id[-id]" };
    if (gid === undefined) return { problem: "expected --gid-owner id[-id]" };
    if (uid === null && gid === null && socket === undefined) {
      return { problem: "at least one of --uid-owner, --gid-owner or --socket-exists is required" };
    }
    const supplementaryGroups = givenOption(given, "suppl-groups") !== undefined;
    if (supplementaryGroups && gid === null) return { problem: "--suppl-groups requires --gid-owner" };
    const socketExists = socket === undefined ? null : { invert: socket.invert };
    return { value: { socketExists, uid, gid, supplementaryGroups } };
  },
  print: ({ socketExists, uid, gid, supplementaryGroups }) => [
    ...(socketExists === null ? [] : optionWords("socket-exists", socketExists.invert)),
    ...idWords("uid-owner", uid),
    ...idWords("gid-owner", gid),
    ...(supplementaryGroups ? ["--suppl-groups"] : []),
  ],
  compile({ socketExists, uid, gid, supplementaryGroups }) {
    const idsNegated = (uid?.invert ?? true) && (gid?.invert ?? true);
    const allNegated = idsNegated && (socketExists?.invert ?? true);
    return {
      kind: "call",
      test(skb, runtime) {
        const { owner } = skb;
        if (owner === null && (!skb.fromKernel || skb.socketless)) return allNegated;
        if (socketExists?.invert === true) return false;
        if (owner === null) return idsNegated;
        if (uid !== null && inRange(uid, owner.uid) === uid.invert) return false;
        return gid === null || inGroup(gid, owner, supplementaryGroups, skb, runtime) !== gid.invert;
      },
    };
  },
};
