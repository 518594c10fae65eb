import { wrap } from "./wrap.ts";

/** Markdown as plain text: paragraphs and lists wrapped anew, code and tables left as they are. */
export function markdownLines(markdown: string, indent: string, width: number): readonly string[] {
  const lines: string[] = [];
  let paragraph: string[] = [];
  let hang = "";
  let inCode = false;
  const flush = (): void => {
    if (paragraph.length > 0) {
      const [first = "", ...rest] = wrap(paragraph.join(" "), width - indent.length - hang.length);
      lines.push(`${indent}${first}`, ...rest.map((line) => `${indent}${hang}${line}`));
    }
    paragraph = [];
    hang = "";
  };
  for (const line of markdown.trimEnd().split("\n")) {
    const text = line.trimEnd();
    if (/^\s*(?:```|~~~)/.test(text)) {
      flush();
      inCode = !inCode;
    } else if (inCode || /^(?: {4}|\t|\|)/.test(text)) {
      flush();
      lines.push(`${indent}${text}`);
    } else if (text === "") {
      flush();
      if (lines.at(-1) !== "") lines.push("");
    } else {
      const item = /^\s*(?:[-*]|\d+\.)\s+/.exec(text);
      if (item !== null || /^#/.test(text)) flush();
      if (item !== null) hang = " ".repeat(item[0].trimStart().length);
      paragraph.push(text.trim());
    }
  }
  flush();
  return lines;
}
