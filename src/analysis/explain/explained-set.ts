import type { Host } from "../../model/host.ts";
import type { IpSet } from "../../model/ip-set.ts";
import type { OriginTable } from "../../model/origin.ts";
import { NO_ORIGIN, type Origin, type Source, sourceOf } from "../../model/origin.ts";
import { printMember } from "../../readers/ipset/print-save.ts";
import { setShape } from "../../readers/ipset/set-type.ts";
import type { ProgrammedNode } from "../programmed/programmed-cluster.ts";
import type { ExplainedRule } from "./explained-rule.ts";

/** A member of a set, and the resource that it comes from. */
export interface ExplainedMember {
  /** As `ipset save` prints it. */
  readonly text: string;
  readonly written: Source | null;
  readonly cause: Source | null;
}

export interface ExplainedSet {
  readonly node: string;
  readonly name: string;
  readonly type: string;
  readonly members: readonly ExplainedMember[];
  /** The rules that ask it. */
  readonly usedBy: readonly ExplainedRule[];
}

/** The members of a set as `ipset save` prints them, without counters and times. */
export function memberTexts(set: IpSet): readonly string[] {
  const shape = setShape(set.type, set.header);
  return set.members.map(({ elements, nomatch }) =>
    printMember({ elements, nomatch, timeout: null, origin: NO_ORIGIN }, shape),
  );
}

export function explainedSet(
  host: Host,
  set: IpSet,
  node: ProgrammedNode | null,
  usedBy: readonly ExplainedRule[],
  origins: OriginTable,
  resourceOf: (origin: Origin) => Source | null,
): ExplainedSet {
  const expected = node?.ipSets.find(({ name }) => name === set.name);
  const rendered = new Map<string, Origin>();
  if (expected !== undefined) {
    memberTexts(expected).forEach((text, i) => {
      rendered.set(text, expected.members[i]?.origin ?? NO_ORIGIN);
    });
  }
  const members = memberTexts(set).map((text, i): ExplainedMember => {
    const origin = set.members[i]?.origin ?? NO_ORIGIN;
    return {
      text,
      written: sourceOf(origins, origin),
      cause: resourceOf(origin) ?? resourceOf(rendered.get(text) ?? NO_ORIGIN),
    };
  });
  return { node: host.name, name: set.name, type: set.type, members, usedBy };
}
