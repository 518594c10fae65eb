import type { Finding } from "../../model/finding.ts";

/**
 * Sources of Helm and Kustomize among the files: they become manifests only when a tool renders them. Their files are told and not
 * read; `isRead` answers for the others.
 */
export function unrenderedSources(files: ReadonlyMap<string, string>): {
  readonly findings: readonly Finding[];
  isRead(path: string): boolean;
} {
  const findings: Finding[] = [];
  const unread = new Set<string>();
  const charts = [...files.keys()].filter((path) => /(?:^|\/)Chart\.ya?ml$/.test(path)).map(folderOf);
  for (const chart of charts) {
    const inside = [...files.keys()].filter((path) => path.startsWith(chart));
    for (const path of inside) unread.add(path);
    findings.push({
      code: "not-rendered",
      severity: "error",
      message: `A Helm chart: its ${inside.length} files are templates and values, not manifests. None of them was read.`,
      file: `${chart}Chart.yaml`,
      advice: `Render it: helm template ${chart === "" ? "." : chart.slice(0, -1)} > rendered.yaml, and give that file in its place.`,
    });
  }
  for (const [path, text] of files) {
    if (unread.has(path)) continue;
    if (/(?:^|\/)kustomization\.ya?ml$|(?:^|\/)Kustomization$/.test(path)) {
      unread.add(path);
      findings.push({
        code: "not-rendered",
        severity:
          /^\s*(?:patches|patchesStrategicMerge|patchesJson6902|images|namePrefix|nameSuffix|namespace|replicas|configMapGenerator|secretGenerator|commonLabels|labels)\s*:/m.test(
            text,
          )
            ? "error"
            : "warning",
        message:
          "A kustomization: what it changes in the files beside it is not done. The files were read as they are.",
        file: path,
        advice: `Render it: kubectl kustomize ${folderOf(path).slice(0, -1) || "."} > rendered.yaml, and give that file in place of the folder.`,
      });
      continue;
    }
    const at = text.search(/^[^#\n]*\{\{-?\s*(?:\.|if\b|range\b|include\b|template\b|with\b|toYaml\b|define\b|end\b)/m);
    if (at < 0) continue;
    unread.add(path);
    findings.push({
      code: "not-rendered",
      severity: "error",
      message: "A template of Helm or the like: it has {{ … }} where values belong. It was not read.",
      file: path,
      line: text.slice(0, at).split("\n").length,
      advice: "Render it (helm template) and give the result.",
    });
  }
  return { findings, isRead: (path) => !unread.has(path) };
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}
