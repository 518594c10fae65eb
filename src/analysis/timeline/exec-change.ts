import { routesOf } from "../../bgp/reconverge.ts";
import { hostChanged } from "../../bgp/speaker/speaker.ts";
import { changeHost, runtimeOf } from "../../emulator/world.ts";
import { flushConntrack } from "../../linux/conntrack/table.ts";
import type { Finding } from "../../model/finding.ts";
import type { Host } from "../../model/host.ts";
import type { CommandContext } from "../../readers/commands/command.ts";
import { runCommand } from "../../readers/commands/run-command.ts";
import type { Change } from "../../readers/scenario/scenario.ts";
import { isNamed, nobody, type Playing, refused } from "./playing.ts";

/** Somebody types a command on machines. */
export function execute(
  change: Extract<Change, { readonly kind: "exec" }>,
  { run, typed, off }: Playing,
  context: CommandContext,
): readonly Finding[] {
  const { network } = run.world;
  const names = [...network.hosts.keys()].filter((name) => isNamed(name, change.host));
  if (names.length === 0) return [nobody(change.host, [...network.hosts.keys()], "host")];
  return names.flatMap((name) => {
    const host = current({ run }, name);
    const result =
      host === null || off.has(host.node ?? name)
        ? { problem: "it has no power" }
        : runCommand(change.command, host, context);
    if ("problem" in result) return [refused(name, change.command, result.problem, result.expected)];
    changeHost(run.world, name, result.host);
    const runtime = result.flushes === undefined ? null : runtimeOf(run.world, name);
    if (runtime !== null) flushConntrack(runtime.conntrack);
    typed.push({ host: name, command: change.command, context });
    for (const speaker of run.speakers.get(name) ?? []) hostChanged(speaker);
    return [];
  });
}

/** A host with the routes that daemons have programmed, which a command meets. */
function current({ run }: Pick<Playing, "run">, name: string): Host | null {
  const host = run.world.network.hosts.get(name) ?? null;
  return host === null || !run.speakers.has(name) ? host : { ...host, routes: routesOf(run, name) };
}
