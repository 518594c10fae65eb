import { readIpSetSave } from "../ipset/save.ts";
import { told } from "./host-draft.ts";
import type { ApplyFact } from "./network-facts.ts";
import { EXAMPLES } from "./statement.ts";

const SET_ADD = /^add\s+(\S+)\s+\S/;

export const setFact: ApplyFact = (words, draft, host, context) => {
  const name = SET_ADD.exec(words)?.[1] ?? null;
  const known = name === null ? undefined : draft.ipSets.get(name);
  if (name !== null && known === undefined) {
    context.refuse(5, `No dump and no earlier fact has a set ${name}.`, "`set create NAME TYPE` before it");
    return;
  }
  const family = known?.family === 6 ? " family inet6" : "";
  const text =
    known === undefined ? words : `create ${known.name} ${known.type}${known.family === null ? "" : family}\n${words}`;
  const dump = readIpSetSave(text, context.file, context.origins);
  if (!context.understood(dump.findings)) return;
  const [read] = dump.sets.values();
  if (read === undefined) {
    context.refuse(1, "This is no line of ipset save.", EXAMPLES.set);
    return;
  }
  if (known === undefined) {
    if (!draft.ipSets.has(read.name)) draft.ipSets.set(read.name, { ...read, origin: context.origin });
  } else {
    const print = (member: (typeof read.members)[number]): string => JSON.stringify({ ...member, origin: 0 });
    const texts = new Set(known.members.map(print));
    const added = read.members
      .filter((member) => !texts.has(print(member)))
      .map((member) => ({ ...member, origin: context.origin }));
    draft.ipSets.set(known.name, { ...known, members: [...known.members, ...added] });
  }
  told(draft, host, "sets");
};
