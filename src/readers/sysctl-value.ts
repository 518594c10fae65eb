/** Settings of which each is one number; `stable_secret` beside them is an address, `ratemask` of IPv6 a list. */
const NUMERIC =
  /^net\.(?:ipv[46]\.(?:conf|neigh)\..*(?<!\.stable_secret)|ipv4\.(?:ip_forward|icmp_[^.]*)|ipv6\.icmp\.(?!ratemask$)[^.]*|bridge\.bridge-nf-[^.]*|netfilter\.nf_conntrack_[^.]*)$/;

/** As `sysctl -a` prints them. */
const PRINTED = /^-?\d+$/;

/** A number with the prefix of its base, as in C; what follows behind white space is not read. */
const WRITTEN = /^(-?)(0x[\da-f]+|0[0-7]*|[1-9]\d*)(?:\s|$)/i;

/**
 * The value that the kernel has once somebody has written this one (proc_dointvec() in kernel/sysctl.c; held against it by
 * test/kernel/facts/sysctl-values.test.ts), as `sysctl -a` prints it; null where it refuses that (EINVAL), or is given nothing, and keeps
 * what it has. Settings that are texts stay as they are; whether a number is too large for a setting is not looked at.
 *
 * @param key in the form of Host.sysctls
 */
export function valueWritten(key: string, value: string): string | null {
  if ((PRINTED.test(value) && !/^-?0\d/.test(value)) || !NUMERIC.test(key)) return value;
  const [, sign = "", digits = ""] = WRITTEN.exec(value) ?? [];
  if (digits === "") return null;
  const isOctal = /^0\d/.test(digits);
  const number = isOctal ? Number.parseInt(digits, 8) : Number(digits);
  return `${number === 0 ? "" : sign}${number}`;
}
