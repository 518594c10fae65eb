import type { Speaker } from "../../../bgp/speaker/speaker.ts";
import type { BirdClock } from "../clock.ts";
import type { RoutesQuestion } from "../routes-text.ts";
import { protocolsText } from "./protocols-text.ts";
import { routesText } from "./routes-text.ts";
import { statusText } from "./status-text.ts";

/** What is asked of a daemon, taken apart. */
export type Question =
  | { readonly kind: "protocols"; readonly all: boolean; readonly name: string | null }
  | { readonly kind: "routes"; readonly question: RoutesQuestion }
  | { readonly kind: "status" };

/** What a BIRD 2 answers in birdc (2.0.12), whose halves are these. */
export function bird2Text(halves: readonly Speaker[], asked: Question, clock: BirdClock): string {
  switch (asked.kind) {
    case "protocols":
      return protocolsText(halves, clock, asked.all, asked.name);
    case "routes":
      return routesText(halves, clock, asked.question);
    case "status":
      return statusText(halves, clock);
  }
}
