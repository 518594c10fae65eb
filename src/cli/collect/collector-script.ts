import { CLUSTER, NODE, PRELUDE } from "./scripts.ts";

/** What a printed collector does unless its own arguments say otherwise. */
export interface CollectorOptions {
  readonly cluster: boolean;
  /** Of one file. */
  readonly maxBytes: number | null;
  /** Seconds, for one command. */
  readonly timeout: number | null;
  readonly pods: boolean;
  readonly conntrack: boolean;
}

/** The POSIX sh script that writes a snapshot of the machine it runs on, or of the cluster, to stdout as a tar. */
export function collectorScript(options: CollectorOptions): string {
  const script = PRELUDE + (options.cluster ? CLUSTER : NODE);
  const settings: readonly (readonly [string, string | null])[] = [
    ["max_bytes", options.maxBytes?.toString() ?? null],
    ["timeout", options.timeout?.toString() ?? null],
    ["pods", options.pods ? null : "no"],
    ["conntrack", options.conntrack ? null : "no"],
  ];
  return settings.reduce(
    (text, [name, value]) =>
      value === null ? text : text.replace(new RegExp(`^${name}=[a-z0-9]+`, "m"), `${name}=${value}`),
    script,
  );
}
