/** The outside world of the command, so that tests can stand in for it. */
export interface Io {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly stdin: AsyncIterable<unknown>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Sink {
  /** False: whoever reads has not taken what was written before; `drain` tells when. */
  write(text: string): unknown;
  readonly once?: (event: "drain", listener: () => void) => unknown;
  readonly isTTY?: boolean | undefined;
}
