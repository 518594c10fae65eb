import { consequencesOf, isDelivered, ownJourneys } from "../analysis/journeys.ts";
import type { Hop } from "../emulator/applications/program.ts";
import type { Journey } from "../emulator/journey.ts";
import { append } from "../model/append.ts";
import type { Network } from "../model/network.ts";
import type { Run } from "../trace/result.ts";
import { namedAddress } from "./address-names.ts";
import { conversationLines, type TraceStyle } from "./conversation-text.ts";
import { countedTexts } from "./counted-texts.ts";
import { describeEnd, kindWords } from "./ending-text.ts";
import { paragraph } from "./wrap.ts";

interface HopRow {
  readonly first: number;
  last: number;
  readonly head: string;
  readonly story: string;
}

/** A traceroute as its program prints it, with what became of each probe; the first silent probe in full. */
export function hopLines(network: Network, run: Run, style: TraceStyle): readonly string[] {
  const { ink } = style;
  const hops = run.report?.hops ?? [];
  const own = ownJourneys(run);
  const rows: HopRow[] = [];
  hops.forEach((hop, index) => {
    const journey = own[index];
    const head = hopHead(network, hop);
    const story = journey === undefined ? "" : hopStory(network, run, journey);
    const before = rows.at(-1);
    if (before !== undefined && before.head === head && before.story === story) before.last = hop.ttl;
    else rows.push({ first: hop.ttl, last: hop.ttl, head, story });
  });
  const lines = [""];
  for (const row of rows) {
    const number = (row.first === row.last ? `${row.first}` : `${row.first}-${row.last}`).padStart(5);
    const colour = row.head === "*" ? ink.bad : ink.strong;
    lines.push(`${number}  ${colour(row.head)}`, ...paragraph(row.story, "       ", "       ", ink.faint));
  }
  const told = tellInFull(hops, own);
  if (told !== null) {
    const ttl = (hops[own.indexOf(told)]?.ttl ?? 1).toString();
    lines.push("", ink.strong(`The probe with TTL ${ttl}, hop by hop`));
    append(lines, conversationLines(network, run, told, style));
  }
  return lines;
}

/** The first probe that nobody answered, else the last one. */
function tellInFull(hops: readonly Hop[], own: readonly Journey[]): Journey | null {
  const silent = hops.findIndex((hop) => hop.from === null);
  return (silent >= 0 ? own[silent] : own.at(-1)) ?? null;
}

function hopHead(network: Network, hop: Hop): string {
  return hop.from === null ? "*" : `${namedAddress(network, hop.from)}${hop.mark === "" ? "" : ` ${hop.mark}`}`;
}

function hopStory(network: Network, run: Run, journey: Journey): string {
  const silent = consequencesOf(run, journey).filter((answer) => !isDelivered(answer));
  const lost = countedTexts(silent.map((answer) => `; its ${kindWords(answer)} ${describeEnd(network, answer)}`));
  return `${describeEnd(network, journey)}${lost.join("")}`;
}
