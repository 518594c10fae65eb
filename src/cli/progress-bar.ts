import type { Io } from "./io.ts";

/** Tells a person how far a long reading has come. */
export interface ProgressBar {
  show(what: string, done: number, total: number): void;
  /** Takes it away. */
  end(): void;
}

/** Milliseconds before it shows, so that what is quick shows none, and between two drawings. */
const PATIENCE = 500;
const PAUSE = 80;
const WIDTH = 30;

/** A bar on a terminal; null where nobody looks: in pipes and files, and with `--quiet`. */
export function progressBar(io: Io, options: { readonly quiet?: boolean }): ProgressBar | null {
  if (io.stderr.isTTY !== true || options.quiet === true || io.env["TERM"] === "dumb") return null;
  let next = performance.now() + PATIENCE;
  let isShown = false;
  return {
    show(what, done, total) {
      const now = performance.now();
      if (now < next || total <= 0) return;
      next = now + PAUSE;
      isShown = true;
      const filled = Math.min(WIDTH, Math.floor((done / total) * WIDTH));
      io.stderr.write(`\r[${"=".repeat(filled).padEnd(WIDTH)}] ${what}: ${done} of ${total}`);
    },
    end() {
      if (isShown) io.stderr.write("\r\u001b[K");
      isShown = false;
    },
  };
}
