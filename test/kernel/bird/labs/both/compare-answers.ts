import { kernelRoutes, kernelText } from "../compare.ts";
import { birdcOutput } from "../compare-texts.ts";
import type { EmulatedStage } from "../emulate.ts";
import type { Lab, Seen } from "../lab.ts";

/** Times, what timers have left, and the name of the real machine. */
function timeless(text: string): string {
  return text
    .replaceAll(/\b\d\d:\d\d:\d\d\.\d{3}\b/g, "TIME")
    .replaceAll(/\b\d{4}-\d\d-\d\d\b/g, "DATE")
    .replaceAll(/((?:timer|delay|wait): +)\d+\.\d{3}\//g, "$1N/")
    .replaceAll(/^Hostname is .*$/gm, "Hostname is HOST")
    .replaceAll(/ +$/gm, "");
}

/** How often a kernel protocol was told of a route on the way to where all has settled is chance. */
function withoutChance(text: string): string {
  return text
    .split(/\n(?=\S)/)
    .map((part) =>
      /^\S+ +Kernel /.test(part)
        ? part.replaceAll(/(Export (?:updates|withdraws):).*/g, "$1").replaceAll(/\d+ exported/g, "N exported")
        : part,
    )
    .join("\n");
}

/** Where several neighbours come up at one moment, chance decides who was the best for a while, and in which order the others stand. */
function withoutOrder(command: string, text: string): string {
  if (command === "show protocols all")
    return text
      .replaceAll(/((?:Import|Export) (?:updates|withdraws):).*/g, "$1")
      .replaceAll(/\d+ exported/g, "N exported");
  if (command !== "show route all") return text;
  const nets = text
    .trimEnd()
    .replaceAll("\n\n", "\n")
    .split(/\n(?=\S)/)
    .map((net) => {
      const [best = "", ...others] = net.split(/\n(?= )/);
      return [best, ...others.sort()].join("\n");
    });
  return nets.join("\n");
}

/** What differs between the answers of real daemons and of the emulated ones, byte for byte but for times; and between their kernels. */
export function answersDiffering(lab: Lab, seen: Seen, stages: readonly EmulatedStage[]): readonly string[] {
  return seen.stages.flatMap((real, index) => {
    const emulated = stages[index];
    if (emulated === undefined) return [`stage ${index} was not played`];
    return lab.nodes.flatMap(({ name }) => {
      const told = lab.asked.flatMap((command) => {
        const said = real.said[name]?.[command];
        const shown = emulated.said.get(name)?.get(command);
        if (said == null || shown === undefined) return (said == null) === (shown === undefined) ? [] : ["one runs"];
        const certain = (text: string): string =>
          lab.nodes.length > 2 ? withoutOrder(command, text) : withoutChance(text);
        const normal = (text: string): readonly string[] => certain(timeless(text)).trimEnd().split("\n");
        return firstDifference(normal(birdcOutput(said)), normal(shown)).map((line) => `${command}, ${line}`);
      });
      const routes = firstDifference(
        kernelText(real.routes[name] ?? ""),
        kernelRoutes(emulated.kernel.get(name) ?? []),
      );
      const all = [...told, ...routes.map((line) => `ip route, ${line}`)];
      return all.map((line) => `${lab.name}, stage ${index}, ${name}: ${line}`);
    });
  });
}

function firstDifference(real: readonly string[], emulated: readonly string[]): readonly string[] {
  const longest = Math.max(real.length, emulated.length);
  for (let index = 0; index < longest; index++) {
    if (real[index] === emulated[index]) continue;
    return [`line ${index + 1}: BIRD “${real[index] ?? ""}”, emulated “${emulated[index] ?? ""}”`];
  }
  return [];
}
