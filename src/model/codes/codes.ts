import { ASSUMPTION_CODES } from "./assumption-codes.ts";
import type { CodePage } from "./code-page.ts";
import { FINDING_CODES } from "./finding-codes.ts";
import { UNKNOWN_CODES } from "./unknown-codes.ts";

/** What a code is a name of. */
export type CodeKind = "finding" | "assumption" | "unknown";

export interface DeclaredCode extends CodePage {
  readonly code: string;
  readonly kind: CodeKind;
}

function declared(kind: CodeKind, pages: Readonly<Record<string, CodePage>>): readonly DeclaredCode[] {
  return Object.entries(pages).map(([code, { title, means, todo }]) => ({ code, kind, title, means, todo }));
}

/** Every code there is, sorted by name. A name belongs to one kind only. */
export const CODES: ReadonlyMap<string, DeclaredCode> = new Map(
  [
    ...declared("finding", FINDING_CODES),
    ...declared("assumption", ASSUMPTION_CODES),
    ...declared("unknown", UNKNOWN_CODES),
  ]
    .sort((x, y) => (x.code < y.code ? -1 : 1))
    .map((page) => [page.code, page] as const),
);
