/** Colours by what they mean. Every function leaves the text as it is when colour is off. */
export interface Ink {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly doubtful: (text: string) => string;
  readonly name: (text: string) => string;
}

/** What of picocolors an Ink is made of. */
export interface Colours {
  bold(text: string): string;
  dim(text: string): string;
  green(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

export function inkOf(colours: Colours): Ink {
  return {
    strong: (text) => colours.bold(text),
    faint: (text) => colours.dim(text),
    good: (text) => colours.green(text),
    bad: (text) => colours.red(text),
    doubtful: (text) => colours.yellow(text),
    name: (text) => colours.cyan(text),
  };
}

const same = (text: string): string => text;

/** No colour at all. */
export const PLAIN_INK: Ink = { strong: same, faint: same, good: same, bad: same, doubtful: same, name: same };
