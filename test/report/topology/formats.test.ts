import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { topologyDot } from "../../../src/report/topology/dot.ts";
import { topologyMermaid } from "../../../src/report/topology/mermaid.ts";
import { BACK, BOX_COLOURS, FRAME, INK, JOINT_COLOURS } from "../../../src/report/topology/palette.ts";
import { topologySvg } from "../../../src/report/topology/svg.ts";
import { pictures } from "./pictures.ts";

/** Names of elements that are opened and never closed, or the other way round; a text that is no XML throws. */
function unbalanced(xml: string): readonly string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  let end = 0;
  for (const match of xml.matchAll(/<(\/?)([a-z]+)((?: [a-zA-Z:-]+="[^"<]*")*)(\/?)>/g)) {
    const between = xml.slice(end, match.index);
    if (/[<>]|&(?!(?:amp|lt|gt|quot);)/.test(between)) throw new Error(`not XML: ${between}`);
    end = match.index + match[0].length;
    const [, closes, name = "", attributes = "", empty] = match;
    if (/&(?!(?:amp|lt|gt|quot);)/.test(attributes)) throw new Error(`not XML: ${attributes}`);
    if (closes === "/") {
      if (open.pop() !== name) wrong.push(name);
    } else if (empty !== "/") open.push(name);
  }
  if (xml.slice(end).trim() !== "") throw new Error(`not XML: ${xml.slice(end)}`);
  return [...wrong, ...open];
}

describe("SVG", () => {
  test("is well-formed whatever the names are, and names become text only", () => {
    fc.assert(
      fc.property(pictures(8), (picture) => {
        const svg = topologySvg(picture);
        expect(unbalanced(svg)).toEqual([]);
        expect(svg).not.toMatch(/\p{Cs}/u);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no place for them
        expect(svg).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/);
        expect(svg).not.toMatch(/<(?:script|foreignObject|image|a)\b|\bon[a-z]+="/);
      }),
      { numRuns: 60 },
    );
  });

  test("says what it shows to those who cannot see it", () => {
    fc.assert(
      fc.property(pictures(4), (picture) => {
        const svg = topologySvg(picture);
        expect(svg).toMatch(/^<svg [^>]*role="img" aria-labelledby="title desc"/);
        expect(svg).toMatch(/<title id="title">Topology of [^<]*<\/title>\n<desc id="desc">[^<]+<\/desc>/);
      }),
      { numRuns: 10 },
    );
  });

  test("has no text below 12 pixels", () => {
    const [picture] = fc.sample(pictures(8), { numRuns: 1, seed: 1 });
    if (picture === undefined) throw new Error("no picture");
    const sizes = [...topologySvg(picture).matchAll(/font-size="(\d+)"/g)].map((match) => Number(match[1]));
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(12);
  });
});

/** Contrast of two colours (WCAG 2.1). */
function contrast(one: string, other: string): number {
  const luminance = (colour: string): number => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
      const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

describe("colours", () => {
  const fills = [...Object.values(BOX_COLOURS), ...Object.values(JOINT_COLOURS), FRAME].map(({ fill }) => fill);

  test.each(Object.entries(INK))("of %s text can be read on every fill", (_, ink) => {
    for (const fill of [...fills, "#ffffff"]) expect(contrast(ink, fill), fill).toBeGreaterThanOrEqual(4.5);
  });

  test("of lines can be told from the ground", () => {
    const lines = [...Object.values(BOX_COLOURS), ...Object.values(JOINT_COLOURS)].map(({ line }) => line);
    for (const line of [...lines, BACK, INK.path]) expect(contrast(line, "#ffffff"), line).toBeGreaterThanOrEqual(3);
  });
});

describe("DOT and Mermaid", () => {
  test("keep every name inside of its quotes", () => {
    fc.assert(
      fc.property(pictures(6), (picture) => {
        const dot = topologyDot(picture).replace(/"(?:[^"\\]|\\.)*"/gs, "");
        expect(dot).not.toMatch(/["\\]/);
        expect(dot.split("{").length).toBe(dot.split("}").length);
        const [, , , ...lines] = topologyMermaid(picture).split("\n");
        const bare = lines.join("\n").replace(/"[\p{L}\p{N} .,:/+()=#;<>-]*"/gu, "");
        expect(bare).not.toMatch(/["'`&\\]/);
      }),
      { numRuns: 60 },
    );
  });
});
