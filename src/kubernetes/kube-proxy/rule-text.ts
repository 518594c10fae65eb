/** `-m comment --comment "…"`, as kube-proxy quotes it. */
export function comment(text: string): string {
  return `-m comment --comment "${text}"`;
}

/** Protocol and destination of a service port. */
export function toPort(protocol: string, address: string, port: number): string {
  return `-m ${protocol} -p ${protocol} -d ${address} --dport ${port}`;
}

/** `0x004000`, as kube-proxy writes the mark: eight characters with the prefix. */
export function markText(bit: number): string {
  return `0x${(2 ** bit).toString(16).padStart(6, "0")}`;
}
