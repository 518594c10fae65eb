/** `net.ipv4.conf.<device>.`: dots in a device's name stand as slashes, as `sysctl -a` prints them. */
export function deviceKey(family: 4 | 6, device: string, key: string, tree: "conf" | "neigh" = "conf"): string {
  return `net.ipv${family}.${tree}.${device.replaceAll(".", "/")}.${key}`;
}

/** The device that a key is of; null for one of the whole machine. */
export function deviceOfKey(key: string): string | null {
  return /^net\.ipv[46]\.(?:conf|neigh)\.([^.]+)\./.exec(key)?.[1]?.replaceAll("/", ".") ?? null;
}
