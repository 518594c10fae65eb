import type { ArchiveFindings } from "./archive-findings.ts";
import { insidePath, linkTarget } from "./inside-path.ts";
import type { KeptBytes } from "./kept-bytes.ts";

/** A link of an archive: its cleaned path, and what it says. */
export interface ArchiveLink {
  readonly path: string;
  readonly target: string;
  readonly isHard: boolean;
}

/** Linux follows so many links before it gives up (ELOOP). */
const FOLLOWED = 40;

/** Puts a file under the name of each link that leads to it. Links are followed inside the archive only. */
export function followLinks(
  links: ReadonlyMap<string, ArchiveLink>,
  files: Map<string, KeptBytes>,
  known: ReadonlySet<string>,
  findings: ArchiveFindings,
): void {
  for (const link of links.values()) {
    const end = follow(link, links);
    if (end.kind === "inside") {
      const content = files.get(end.path);
      if (content !== undefined) files.set(link.path, content);
      // what it leads to was left out for a reason that was told
      if (content !== undefined || known.has(end.path)) continue;
      const isFolder = [...known].some((path) => path.startsWith(`${end.path}/`));
      findings.add({
        code: "archive-link",
        severity: isFolder ? "info" : "warning",
        message: isFolder
          ? `A link to the folder ${link.target}; what is in there is read once, from there.`
          : `A link to ${link.target}, which is not in the archive.`,
        file: link.path,
        advice: "The link was left out.",
      });
      continue;
    }
    findings.add({
      code: "archive-link",
      severity: "warning",
      message:
        end.kind === "loop"
          ? `A link to ${link.target}, and so back to itself.`
          : `A link to ${link.target}, which is outside of the archive.`,
      file: link.path,
      advice: "The link was left out: nothing outside of an archive is read.",
    });
  }
}

function follow(
  link: ArchiveLink,
  links: ReadonlyMap<string, ArchiveLink>,
): { readonly kind: "inside"; readonly path: string } | { readonly kind: "outside" | "loop" } {
  let at = link;
  for (let count = 0; count < FOLLOWED; count++) {
    // a hard link names its file from the root of the archive
    const path = at.isHard ? insidePath(at.target) : linkTarget(at.path, at.target);
    if (path === null) return { kind: "outside" };
    const next = links.get(path);
    if (next === undefined) return { kind: "inside", path };
    at = next;
  }
  return { kind: "loop" };
}
