/** The Internet checksum of RFC 1071: the ones' complement of the sum of 16-bit words, starting from `sum`. */
export function internetChecksum(bytes: Uint8Array, sum = 0): number {
  let total = sum;
  for (let at = 0; at < bytes.length; at += 2) total += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
  return ~total & 0xffff;
}

/** The 16-bit words of a header, added up for `internetChecksum`. */
export function sumOf(bytes: Uint8Array): number {
  return ~internetChecksum(bytes) & 0xffff;
}

const CRC32C_POLYNOMIAL = 0x82f63b78;

/** CRC32c as SCTP uses it (RFC 9260, appendix A); to be written in little-endian order. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ CRC32C_POLYNOMIAL : crc >>> 1;
  }
  return ~crc >>> 0;
}
