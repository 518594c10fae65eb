/**
 * A path inside an archive, cleaned of `.` and doubled slashes; null when it would lead out of the archive (absolute,
 * `..`, a drive letter, a NUL). Backslashes count as slashes: what Windows packed has them.
 */
export function insidePath(path: string): string | null {
  const slashed = path.replaceAll("\\", "/");
  if (slashed.includes("\0") || slashed.startsWith("/") || /^[A-Za-z]:(?:\/|$)/.test(slashed)) return null;
  return resolved([], slashed);
}

/** Where a symbolic link at `path` leads, both inside the archive; null when that is outside. */
export function linkTarget(path: string, target: string): string | null {
  if (target.includes("\0") || target.startsWith("/")) return null;
  return resolved(path.split("/").slice(0, -1), target.replaceAll("\\", "/"));
}

function resolved(base: readonly string[], path: string): string | null {
  const parts = [...base];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.join("/");
}

/** What file managers and editors add to folders; it says nothing about a network. */
export function isLitter(path: string): boolean {
  return path
    .split("/")
    .some((part) => part.startsWith(".") || part === "__MACOSX" || /^(?:Thumbs\.db|desktop\.ini)$/i.test(part));
}
