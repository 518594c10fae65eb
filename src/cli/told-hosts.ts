import type { Finding } from "../model/finding.ts";
import { didYouMean } from "../model/nearest.ts";

/** What `--host <file>=<machine>` says of a path: the whole path, its end, or a pattern with `*`. */
export function hostsTold(told: readonly string[]): (path: string) => string | null {
  const rules = told.map((one) => {
    const { file, machine } = parts(one);
    return { matches: matcher(file), machine };
  });
  return (path) => rules.findLast(({ matches }) => matches(path))?.machine ?? null;
}

/** What names no file: most likely a slip of the finger. */
export function untoldFiles(told: readonly string[], paths: readonly string[]): readonly Finding[] {
  return told.flatMap((one) => {
    const { file } = parts(one);
    const matches = matcher(file);
    if (paths.some(matches)) return [];
    return [
      {
        code: "bad-arguments",
        severity: "error",
        message: `--host names ${file}, and there is no such file`,
        advice: didYouMean(file, paths) ?? "podpath check lists the files.",
      },
    ];
  });
}

function parts(told: string): { readonly file: string; readonly machine: string } {
  const equals = told.lastIndexOf("=");
  return { file: told.slice(0, equals).replace(/^\.\//, ""), machine: told.slice(equals + 1) };
}

function matcher(file: string): (path: string) => boolean {
  if (!file.includes("*")) return (path) => path === file || path.endsWith(`/${file}`) || file.endsWith(`/${path}`);
  const pattern = file
    .split("*")
    .map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"))
    .join(".*");
  const whole = new RegExp(`^(?:.*/)?${pattern}$`);
  return (path) => whole.test(path);
}
