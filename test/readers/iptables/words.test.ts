import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quoteString, saveString, saveWord, splitWords } from "../../../src/readers/iptables/words.ts";

const texts = (line: string): readonly string[] => splitWords(line).words.map((word) => word.text);

describe("the words of a rule line", () => {
  it("are separated by blanks and tabs, however many", () => {
    expect(texts("  -A  INPUT\t-j \t ACCEPT ")).toEqual(["-A", "INPUT", "-j", "ACCEPT"]);
  });

  it("keep blanks within double quotes, and quotes and backslashes behind a backslash", () => {
    expect(texts(String.raw`--comment "a \"b\" \\ \'c\'" -j X`)).toEqual([
      "--comment",
      String.raw`a "b" \ 'c'`,
      "-j",
      "X",
    ]);
  });

  it("end at a closing quote and may open one in the middle, as in iptables-restore", () => {
    expect(texts('"a"b')).toEqual(["a", "b"]);
    expect(texts('a"b c"')).toEqual(["ab c"]);
  });

  it("take backslashes outside of quotes and single quotes as they are", () => {
    expect(texts(String.raw`a\b 'c d'`)).toEqual([String.raw`a\b`, "'c", "d'"]);
  });

  it("may be empty in quotes", () => {
    expect(splitWords('--comment "" -j X').words[1]).toEqual({ text: "", column: 11, quoted: true });
  });

  it("know where they started, and that a quote stayed open", () => {
    const split = splitWords('-m comment --comment "cut of');
    expect(split.words.map(({ column }) => column)).toEqual([1, 4, 12, 22]);
    expect(split.openQuote).toBe(true);
    expect(splitWords("a b").openQuote).toBe(false);
  });

  it("are read back from what quoting made of them, whatever they hold", () => {
    const word = fc.string({ unit: "grapheme" }).filter((text) => !/[\n\r]/.test(text));
    fc.assert(
      fc.property(fc.array(word), (words) => {
        expect(texts(words.map(saveString).join(" "))).toEqual(words);
        expect(texts(words.map(saveWord).join(" "))).toEqual(words);
        expect(texts(words.map(quoteString).join(" "))).toEqual(words);
      }),
    );
  });
});
