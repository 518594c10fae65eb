import type { CodeTable } from "./code-page.ts";

/** What can be wrong with an archive, or with one entry of it. Nothing of it is ever written to disk. */
export const ARCHIVE_CODES = {
  "archive-truncated": {
    title: "An archive that ends early",
    means:
      "The end of a tar, gzip or zip is missing. What came before is read; the last line of a file that was cut is marked as cut, and files after it count as missing.",
    todo: "Copy or download the archive again.",
  },
  "archive-damaged": {
    title: "A damaged archive",
    means: "A checksum in the archive is wrong. What could still be read of it was read.",
    todo: "Copy or download the archive again.",
  },
  "archive-encrypted": {
    title: "An encrypted file in a zip",
    means: "The file needs a password. It was left out.",
    todo: "Unpack the archive with its password and give podpath the folder.",
  },
  "archive-method": {
    title: "A file in a zip that is packed in another way",
    means:
      "Zip files may be packed with methods other than Deflate. podpath does not know this one and left the file out.",
    todo: "Unpack the archive and give podpath the folder.",
  },
  "archive-limit": {
    title: "An archive that grows too large",
    means:
      "It unpacks to more than podpath allows, in bytes, in files or in relation to its size: an archive bomb, or a very large bundle. What came before is read.",
    todo: "If the archive is what you think it is, raise the limit: --unpack-limit <MB>.",
  },
  "archive-depth": {
    title: "Archives inside of archives",
    means: "Archives are opened three levels deep. This one lies deeper and was left out.",
    todo: "Unpack it and give podpath the folder.",
  },
  "archive-format": {
    title: "An archive of a kind that podpath does not open",
    means: "bzip2, xz, zstd, lz4, 7z and rar are recognised and not opened.",
    todo: "Unpack it with the command in the message and give podpath the folder.",
  },
  "archive-unsafe-path": {
    title: "A path that leads out of an archive",
    means: "The name of a file is absolute, climbs out with `..`, has a drive letter or a NUL. The file was left out.",
    todo: "Ask whoever made the archive: no tool that collects dumps writes such names.",
  },
  "archive-link": {
    title: "A link in an archive that leads nowhere",
    means:
      "Links are followed inside the archive. This one leads outside, to a file that is not there, back to itself, or to a folder that is read anyway. It was left out.",
    todo: "Nothing, unless the file is one you need: then pack the archive with tar -h.",
  },
  "archive-special-file": {
    title: "A device, pipe or sparse file in an archive",
    means: "Nothing but files, folders and links is read from archives. The entry was left out.",
    todo: "Nothing.",
  },
  "archive-duplicate": {
    title: "Two files of one name in an archive",
    means: "The archive holds the name twice with different content. The later one counts, as when it is unpacked.",
    todo: "Check that it is the newer one.",
  },
  "archive-name-encoding": {
    title: "A file name that is not UTF-8",
    means: "The name was read as Latin-1. Its content is not affected.",
    todo: "Nothing.",
  },
} as const satisfies CodeTable;
