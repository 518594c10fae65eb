import type { SpeakerConfiguration } from "../../bgp/speaker/configuration.ts";
import { killSpeaker, startSpeaker, terminateSpeaker } from "../../bgp/speaker/speaker.ts";
import { runtimeOf } from "../../emulator/world.ts";
import type { Finding } from "../../model/finding.ts";
import type { Change } from "../../readers/scenario/scenario.ts";
import { isNamed, nobody, type Playing } from "./playing.ts";

/** BIRDs stop and start; what they left in the kernel is what `persist` and their ends make of it. */
export function changeDaemon(
  change: Extract<Change, { readonly kind: "daemon" }>,
  { run, off }: Playing,
): readonly Finding[] {
  const names = [...run.speakers.keys()].filter((name) => isNamed(name, change.host));
  if (names.length === 0) return [nobody(change.host, [...run.speakers.keys()], "host that runs BIRD")];
  for (const name of names) {
    const runtime = runtimeOf(run.world, name);
    const speakers = run.speakers.get(name) ?? [];
    if (runtime === null || off.has(name)) continue;
    for (const speaker of speakers.filter(({ running }) => running)) {
      if (change.action === "kill") killSpeaker(speaker);
      else if (change.action !== "start") terminateSpeaker(speaker);
    }
    if (change.action !== "start" && change.action !== "restart") continue;
    const started = speakers.map((speaker) =>
      speaker.running
        ? speaker
        : startSpeaker(run.world, runtime, speaker.configuration, isStartedToRecover(speaker.configuration)),
    );
    run.speakers.set(name, started);
  }
  return [];
}

/** calico-node's container starts `bird -R`. BIRD 2 is none of Calico's, and Debian's units start it without. */
function isStartedToRecover({ release }: SpeakerConfiguration): boolean {
  return release === "1.6";
}
