import type { Finding } from "../model/finding.ts";
import type { LoadedNetwork } from "./loaded-network.ts";

/** A remark for whoever asks about a scenario's network as it is before its timeline; none where there is no timeline. */
export function timelineNotPlayed({ scenario }: LoadedNetwork): readonly Finding[] {
  const [first] = scenario?.timeline ?? [];
  if (scenario === undefined || first === undefined) return [];
  const { line } = first.change;
  return [
    {
      code: "timeline-not-played",
      severity: "info",
      message: "This is the scenario's network before its timeline, which is not played here.",
      file: scenario.file,
      ...(line === null ? {} : { line }),
      advice: "podpath run plays it; podpath birdc tells what BIRD says behind it.",
    },
  ];
}
