/** Numbers of TCP options (RFC 9293 3.1). */
export const NO_OPERATION = 1;
export const MAXIMUM_SEGMENT_SIZE = 2;
/** Bytes of the option that tells the maximum segment size. */
export const MAXIMUM_SEGMENT_SIZE_LENGTH = 4;
