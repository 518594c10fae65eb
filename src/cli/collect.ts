import { collectorScript } from "./collect/collector-script.ts";
import { DONE, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { openOutput } from "./output.ts";

export interface CollectOptions {
  readonly output?: string;
  readonly color: "auto" | "always" | "never";
  readonly cluster?: boolean;
  readonly maxBytes?: number;
  readonly timeout?: number;
  readonly pods: boolean;
  readonly conntrack: boolean;
}

/** `podpath collect`: prints the script that gathers a snapshot where podpath is not installed. */
export function collect(options: CollectOptions, io: Io): ExitCode {
  const output = openOutput(io, options);
  try {
    output.result(
      collectorScript({
        cluster: options.cluster === true,
        maxBytes: options.maxBytes ?? null,
        timeout: options.timeout ?? null,
        pods: options.pods,
        conntrack: options.conntrack,
      }),
    );
  } finally {
    output.close();
  }
  return DONE;
}
