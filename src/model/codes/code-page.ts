/** What the page of a stable code says: `podpath explain CODE`, docs/reference/codes/CODE.md. */
export interface CodePage {
  /** A heading: what is the case, without a full stop. */
  readonly title: string;
  /** What it means for the answers, in sentences. */
  readonly means: string;
  /** What a person can do about it, in sentences. */
  readonly todo: string;
}

/** The codes of one area. A code is kebab-case, and once published it keeps its name and meaning. */
export type CodeTable = Readonly<Record<string, CodePage>>;
