import type { Finding } from "../../model/finding.ts";
import type { ArchiveProblem } from "./entry.ts";

/** So many findings of one code are told one by one: an archive may have a hundred thousand bad names. */
const TOLD = 20;

export interface ArchiveFindings {
  add(finding: Finding): void;
  problem(file: string, problem: ArchiveProblem): void;
  list(): readonly Finding[];
}

/** What to do about each, in the words of the one who has the archive. */
const ADVICE: Readonly<Record<ArchiveProblem["code"], string>> = {
  "archive-truncated": "What came before is read, and the rest counts as missing. Was the download complete?",
  "archive-damaged": "What could be read is read. Copy or download the archive again.",
  "archive-encrypted": "Unpack it with its password and give podpath the folder.",
  "archive-method": "The file was left out. Unpack the archive and give podpath the folder.",
  "archive-limit": "The rest was left out. If the archive is what you think it is: --unpack-limit <MB>.",
  "archive-special-file": "It was left out. Nothing but files, folders and links is read from archives.",
};

const SEVERITIES: Readonly<Record<ArchiveProblem["code"], Finding["severity"]>> = {
  "archive-truncated": "error",
  "archive-damaged": "error",
  "archive-encrypted": "error",
  "archive-method": "error",
  "archive-limit": "error",
  "archive-special-file": "warning",
};

/** Findings about an archive, bounded per code. */
export function archiveFindings(): ArchiveFindings {
  const found: Finding[] = [];
  const counts = new Map<Finding["code"], { count: number; finding: Finding }>();
  const add = (finding: Finding): void => {
    const known = counts.get(finding.code) ?? { count: 0, finding };
    known.count++;
    counts.set(finding.code, known);
    if (known.count <= TOLD) found.push(finding);
  };
  return {
    add,
    problem(file, { code, message, entry }) {
      const place = entry === null ? file : entry;
      add({ code, severity: SEVERITIES[code], message: capital(message), file: place, advice: ADVICE[code] });
    },
    list() {
      const rest = [...counts.values()].flatMap(({ count, finding }) =>
        count > TOLD
          ? [{ code: finding.code, severity: finding.severity, message: `${count - TOLD} more of this kind.` }]
          : [],
      );
      return [...found, ...rest];
    },
  };
}

function capital(message: string): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
}
