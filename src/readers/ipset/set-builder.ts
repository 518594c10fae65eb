import type { Finding } from "../../model/finding.ts";
import type { IpSet, SetMember } from "../../model/ip-set.ts";
import { type OriginTable, originAt } from "../../model/origin.ts";
import type { DumpFindings } from "../dump-findings.ts";
import { quote } from "../dump-text.ts";
import { parseMember } from "./parse-member.ts";
import { headerOf, setShape } from "./set-type.ts";

export interface IpSetDump {
  /** By name, in the order written. */
  readonly sets: ReadonlyMap<string, IpSet>;
  readonly findings: readonly Finding[];
}

/** A set being read. */
export interface SetBuilder {
  readonly name: string;
  /** How many members the dump had, readable or not. */
  offered(): number;
  /** Marks the set as one of which members are missing. */
  incomplete(): void;
  add(text: string, line: number): void;
  build(): IpSet;
}

/** Starts a set from its type and create options; findings are about this file. */
export function setBuilder(
  name: string,
  type: string,
  options: string,
  line: number,
  origins: OriginTable,
  file: number,
  findings: DumpFindings,
): SetBuilder {
  const shape = setShape(type, options);
  const members: SetMember[] = [];
  /** Members by their elements, kept once a line says `-exist`. */
  let places: Map<string, number> | null = null;
  let complete = true;
  let offered = 0;
  if (shape === null) {
    complete = false;
    findings.add(
      "unmodelled-set",
      "warning",
      line,
      `Set ${name}: the type ${quote(type)} is not known; its members are unknown.`,
    );
  }
  const origin = originAt(origins, file, line);
  return {
    name,
    offered: () => offered,
    incomplete() {
      complete = false;
    },
    add(text, memberLine) {
      offered++;
      if (shape === null) return;
      const parsed = parseMember(text, shape);
      if (!parsed.ok) {
        complete = false;
        findings.add("unknown-member", "error", memberLine, `Not a member of ${name} (${type}): ${parsed.problem}.`, {
          advice: "The set counts as incomplete.",
        });
        return;
      }
      const member = { ...parsed.member, origin: originAt(origins, file, memberLine) };
      if (parsed.exist) places ??= new Map(members.map(({ elements }, at) => [identity(elements, type), at]));
      const key = places === null ? "" : identity(member.elements, type);
      const place = parsed.exist ? places?.get(key) : undefined;
      const before = place === undefined ? undefined : members[place];
      if (place !== undefined && before !== undefined) members[place] = keepingMac(member, before);
      else {
        places?.set(key, members.length);
        members.push(member);
      }
    },
    build() {
      return { name, type, family: shape?.family ?? null, header: headerOf(options), members, complete, origin };
    },
  };
}

/** By what a member is found again: of bitmap:ip,mac by its address alone. */
function identity(elements: SetMember["elements"], type: string): string {
  return JSON.stringify(type === "bitmap:ip,mac" ? elements.slice(0, 1) : elements);
}

/** A member in the place of another. One of bitmap:ip,mac that is given no MAC address keeps the one it has (bitmap_ipmac_do_add()). */
function keepingMac(member: SetMember, before: SetMember): SetMember {
  return member.elements.length < before.elements.length ? { ...member, elements: before.elements } : member;
}

/** `ipset -o xml`: which no Calico or Kubernetes tool collects. */
export function isXml(text: string): boolean {
  return /^\s*<(?:\?xml|ipsets)\b/.test(text);
}

export function addXmlFinding(line: number, findings: DumpFindings): void {
  findings.add("unsupported-format", "error", line, "XML output of ipset is not read.", {
    expected: "the output of `ipset save` or `ipset list`",
  });
}
