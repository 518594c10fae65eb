/** strerror() of the errors that end a connection (glibc). */
const TEXTS: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "Connection refused"],
  ["ECONNRESET", "Connection reset by peer"],
  ["EPIPE", "Broken pipe"],
  ["ETIMEDOUT", "Connection timed out"],
  ["EHOSTUNREACH", "No route to host"],
  ["ENETUNREACH", "Network is unreachable"],
  ["EHOSTDOWN", "Host is down"],
  ["ENONET", "Machine is not on the network"],
  ["ENOPROTOOPT", "Protocol not available"],
  ["EOPNOTSUPP", "Operation not supported"],
  ["EMSGSIZE", "Message too long"],
  ["EACCES", "Permission denied"],
  ["EINVAL", "Invalid argument"],
  ["EADDRNOTAVAIL", "Cannot assign requested address"],
  ["EADDRINUSE", "Address already in use"],
]);

export function describeTcpError(errno: string): string {
  return TEXTS.get(errno) ?? errno;
}
