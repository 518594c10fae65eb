import type { PictureBox, PictureJoint, Tone } from "./picture.ts";

/** Colours of text; each has a contrast of 4.5 or more (WCAG 2.1) to every fill it stands on. */
export const INK: Readonly<Record<Tone, string>> = {
  plain: "#1b1f24",
  faint: "#505862",
  good: "#0f5323",
  bad: "#9b0c24",
  path: "#0b4aa2",
};

/** The way back of an answer. */
export const BACK = "#6d28a8";

export interface Colours {
  readonly fill: string;
  readonly line: string;
}

export const BOX_COLOURS: Readonly<Record<PictureBox["kind"], Colours>> = {
  node: { fill: "#f2f5f9", line: "#5c6773" },
  pod: { fill: "#ffffff", line: "#8b949e" },
  host: { fill: "#fdf6e3", line: "#8a6d1f" },
  group: { fill: "#eeeef6", line: "#5c5c8a" },
};

export const JOINT_COLOURS: Readonly<Record<PictureJoint["kind"] | "down", Colours>> = {
  segment: { fill: "#e3e7ec", line: "#4a535d" },
  tunnel: { fill: "#e4eefb", line: "#2f6fb3" },
  session: { fill: "#e6f4e9", line: "#2c7a3f" },
  down: { fill: "#fcebec", line: "#b3263a" },
};

export const FRAME: Colours = { fill: "#fafbfc", line: "#4a535d" };

export function coloursOf({ kind, rows }: PictureJoint): Colours {
  return JOINT_COLOURS[rows.some(({ tone }) => tone === "bad") ? "down" : kind];
}
