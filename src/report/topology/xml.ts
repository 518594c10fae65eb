// biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no place for them
const NO_CHARACTER = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\p{Cs}]/gu;

/** Text or the value of an attribute, as XML 1.0 takes it. */
export function xmlText(text: string): string {
  return text
    .replace(NO_CHARACTER, "\ufffd")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;");
}
