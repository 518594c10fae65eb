import type { PlayedFix, ScenarioRun } from "../analysis/run-scenario.ts";
import type { Change, Scenario } from "../readers/scenario/scenario.ts";
import { commonResult } from "../trace/result.ts";
import type { Ink } from "./ink.ts";
import { paragraph } from "./wrap.ts";

/** `90 s`, `5 min`. */
export function seconds(time: number): string {
  return time >= 120 && time % 60 === 0 ? `${time / 60} min` : `${time} s`;
}

const POWER = { down: "loses its power", up: "has power again", reboot: "reboots" } as const;

function changeText(change: Change): string {
  switch (change.kind) {
    case "exec":
      return `${change.host}: ${change.command}`;
    case "daemon":
      return `${change.host}: ${change.action} BIRD`;
    case "apply":
      return `kubectl apply -f ${change.path}`;
    case "pod":
      if (change.action === "delete") return `pod ${change.pod} is deleted`;
      return `pod ${change.pod} ${change.action === "create" ? "starts on" : "is moved to"} ${change.node ?? "?"}`;
    case "link":
      return `${change.host}: the cable of ${change.interface} is ${change.action === "up" ? "put back" : "pulled"}`;
    case "node":
      return `${change.host}: ${POWER[change.action]}`;
    case "loss":
      return `${change.link} loses ${Math.round(change.share * 1000) / 10} % of the packets`;
    case "other":
      return change.what;
  }
}

/** What happens in a scenario, and when. */
export function timelineLines({ timeline }: Scenario, ink: Ink): readonly string[] {
  if (timeline.length === 0) return [];
  const lines = timeline.flatMap(({ at, change }) => paragraph(changeText(change), "        ", `    ${seconds(at)}  `));
  return [ink.strong("What happens"), ...lines, ""];
}

/** Each fix with its proof: what its probes give once it has settled. */
export function fixLines({ fixes }: ScenarioRun, ink: Ink): readonly string[] {
  if (fixes.length === 0) return [];
  return [ink.strong("Fixes, each tried"), ...fixes.flatMap((played) => oneFix(played, ink)), ""];
}

function oneFix({ fix, probes }: PlayedFix, ink: Ink): readonly string[] {
  const failed = probes.filter(({ verdict }) => verdict !== "held" && verdict !== "no-expectation");
  const mark = failed.length === 0 ? ink.good("✓") : ink.bad("✗");
  const proof = probes.map(({ probe, answer }) => {
    const result = answer === null ? "not asked" : (commonResult(answer) ?? answer.certainty);
    return `${probe.name} ${result}`;
  });
  const expected = failed.flatMap(({ probe, comparisons }) =>
    comparisons
      .filter(({ judgement }) => judgement !== "holds")
      .map(({ field, expected, got }) => `${probe.name}: expected ${field} ${expected}, got ${got.join(" or ")}`),
  );
  return [
    ...paragraph(`${fix.name}: ${proof.join(", ") || "nothing is expected of it"}`, "    ", `  ${mark} `),
    ...fix.changes.flatMap((change) => paragraph(changeText(change), "      ", "      ", ink.faint)),
    ...expected.flatMap((line) => paragraph(line, "      ", "      ", ink.bad)),
  ];
}
