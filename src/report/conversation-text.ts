import { consequencesOf, isDelivered } from "../analysis/journeys.ts";
import type { Journey } from "../emulator/journey.ts";
import { append } from "../model/append.ts";
import type { Network } from "../model/network.ts";
import type { Run } from "../trace/result.ts";
import { countedTexts } from "./counted-texts.ts";
import { describeEnd, kindWords, lastPacket, recipient } from "./ending-text.ts";
import type { Ink } from "./ink.ts";
import { visitsOf } from "./visit.ts";
import { visitLines } from "./visit-text.ts";
import { paragraph } from "./wrap.ts";

export interface TraceStyle {
  readonly ink: Ink;
  /** Every evaluated rule, every branch, every answer in full. */
  readonly verbose: boolean;
  /** False where assumptions are told elsewhere. */
  readonly grounds?: boolean;
}

/** A packet and everything it provoked. */
export function conversationLines(network: Network, run: Run, journey: Journey, style: TraceStyle): readonly string[] {
  const lines = ["", ...journeyLines(network, run, journey, style)];
  const told = new Set<string>();
  let listed: string[] = [];
  const endList = (): void => {
    if (listed.length > 0) lines.push("");
    for (const text of countedTexts(listed)) lines.push(...paragraph(text, "  "));
    listed = [];
  };
  for (const answer of consequencesOf(run, journey)) {
    // the first answer shows the way back; later ones only matter when they are lost, each in another way
    const matters = style.verbose || !isDelivered(answer) || told.size === 0;
    const own = matters ? journeyLines(network, run, answer, style) : [];
    const text = own.join("\n");
    if (!matters || (told.has(text) && !style.verbose)) {
      listed.push(`${journeyWords(network, answer)} ${describeEnd(network, answer)}`);
      continue;
    }
    told.add(text);
    endList();
    lines.push("");
    append(lines, own);
  }
  endList();
  return lines;
}

function journeyWords(network: Network, journey: Journey): string {
  const words = journey.cause < 0 ? "The request" : `The ${kindWords(journey)}`;
  return `${words} from ${journey.host} to ${recipient(network, journey)}`;
}

function journeyTitle(network: Network, journey: Journey, ink: Ink): readonly string[] {
  return paragraph(journeyWords(network, journey), "  ", "", ink.strong);
}

function journeyLines(network: Network, run: Run, journey: Journey, style: TraceStyle): readonly string[] {
  const steps = run.steps.get(journey.id) ?? [];
  const blocks = visitsOf(steps).flatMap((visit) => visitLines(network, visit, style));
  const end = journey.end?.ending.outcome;
  // `left` and `unresolved` have no step of their own
  const colour = run.report === null && end === "left" ? style.ink.doubtful : style.ink.bad;
  const mark = run.report === null && end === "left" ? "•" : "✗";
  const tail =
    end === "left" || (end === "unresolved" && !steps.some((step) => step.kind === "drop"))
      ? paragraph(describeEnd(network, journey), "    ", `  ${colour(mark)} `, colour)
      : [];
  const last = style.verbose ? paragraph(`last seen as ${lastPacket(journey)}`, "    ", "    ", style.ink.faint) : [];
  return [...journeyTitle(network, journey, style.ink), ...blocks, ...tail, ...last];
}
