import { join } from "node:path";
import { type BgpRun, startDaemons } from "../../src/bgp/reconverge.ts";
import type { SpeakerConfiguration } from "../../src/bgp/speaker/configuration.ts";
import { speakerOf } from "../../src/bgp/speaker/from-bird.ts";
import { readFolder } from "../../src/cli/read-files.ts";
import { readEvidence } from "../../src/readers/evidence/read-evidence.ts";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";

/** The daemons of a snapshot's bird.cfg files, started on its hosts. */
export function daemonsOf(folder: string, options?: Parameters<typeof startDaemons>[2]): BgpRun {
  const snapshot = readSnapshot({ name: folder, files: readFolder(join(folder, "snapshot")) });
  const { evidence } = readEvidence(snapshot.machines, snapshot.network.origins, snapshot.factEvidence);
  const configurations = new Map<string, readonly SpeakerConfiguration[]>();
  for (const [host, { birdConfigurations }] of evidence) {
    const speakers = birdConfigurations.flatMap((configuration) => {
      const { speaker, faults } = speakerOf(configuration, 4, null);
      if (speaker === null || faults.length > 0)
        throw new Error(`${host}: ${faults.map(({ text }) => text).join(", ")}`);
      return [speaker];
    });
    if (speakers.length > 0) configurations.set(host, speakers);
  }
  return startDaemons(snapshot.network, configurations, options);
}
