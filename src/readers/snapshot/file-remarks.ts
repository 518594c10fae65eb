import type { Finding } from "../../model/finding.ts";
import type { LooseFile } from "./layout.ts";

export function strays(files: readonly LooseFile[]): readonly Finding[] {
  return files.flatMap(({ file, machine }) => {
    if (machine !== null) return [];
    return [
      {
        code: "unknown-file",
        severity: "info",
        message: "Nothing in the file was recognised.",
        file: file.path,
        expected: "the output of a command that docs/reference/snapshot.md lists",
      },
    ];
  });
}

export function notRead(count: number): readonly Finding[] {
  if (count === 0) return [];
  const what = count === 1 ? "One file" : `${count} files`;
  return [
    {
      code: "not-read",
      severity: "info",
      message: `${what} of other pods' logs, pods' descriptions, certificates or eBPF maps: nothing is read from them.`,
    },
  ];
}

export function misnamed(folder: string): Finding {
  return {
    code: "unknown-file",
    severity: "warning",
    message: "The folder's name says no pod; it was left out.",
    file: folder,
    expected: "<namespace>_<name>",
  };
}
