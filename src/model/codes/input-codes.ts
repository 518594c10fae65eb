import type { CodeTable } from "./code-page.ts";

/** Files and folders that a person gives: what cannot be opened, and what is not what it seems. */
export const INPUT_CODES = {
  archive: {
    title: "A compressed file in place of a text",
    means: "The file is an archive or compressed. Nothing in it was read.",
    todo: "Unpack it with the command that the message names, and give podpath the folder.",
  },
  "bad-fact": {
    title: "A fact that is not understood",
    means:
      "A fact typed by hand (--fact, facts.yaml) is not of the grammar. The message has the column and what was expected; the fact was left out.",
    todo: "Correct it: docs/reference/facts.md lists the kinds of facts with an example of each.",
  },
  "binary-file": {
    title: "A file that is no text",
    means: "The file has bytes that no text has. It was left out; what it would have told is assumed or unknown.",
    todo: "Collect the file again: it should be the output of a command, as text or JSON.",
  },
  "binary-input": {
    title: "A dump that is no text",
    means: "The dump has bytes that no text has. None of its lines were read.",
    todo: "Collect the dump again, in UTF-8.",
  },
  "cannot-write": {
    title: "A result cannot be written",
    means: "The file that an option names cannot be opened for writing. Nothing was written.",
    todo: "Name a file in a folder that exists and that you may write to.",
  },
  "empty-file": {
    title: "An empty file where the tool always prints something",
    means:
      "The command never prints nothing, so the file does not say that there is nothing: it is damaged. What it would have told is assumed or unknown.",
    todo: "Run the command again and look at its error output: often it was not found or not allowed.",
  },
  "empty-snapshot": {
    title: "A snapshot without any machine",
    means: "No dump of a machine was found where a snapshot has them, so there is no network to ask about.",
    todo: "Put the dumps of each machine into nodes/NAME/ and name them as docs/reference/snapshot.md lists.",
  },
  "fact-about-nobody": {
    title: "A fact about a pod that nobody knows",
    means: "The fact names a pod that is in no dump and in no object, so there is nothing to put it into.",
    todo: "Correct the name, or add the pod: pod NAMESPACE/NAME ip ADDRESS node NODE.",
  },
  "fact-contradicts-dump": {
    title: "A fact and a dump disagree",
    means: "A fact typed by hand says something else than a dump of the same machine. The fact counts.",
    todo: "Check which of the two is older or mistyped; remove the fact, or collect the dump again.",
  },
  "file-too-large": {
    title: "A file that is too large to read",
    means: "The file is larger than podpath reads. It was left out.",
    todo: "Check that it is the right file: a dump of one machine has some megabytes at most.",
  },
  "folder-of-networks": {
    title: "A folder with several networks in it",
    means: "The folder is no snapshot and no scenario; there are some inside. podpath does not choose among them.",
    todo: "Name one of those that the message lists.",
  },
  "machine-folder": {
    title: "The folder of a machine instead of a snapshot",
    means: "The folder holds dumps of one machine, or the folders of machines, without the folder around them.",
    todo: "Name the folder above it, or put this one into nodes/ of a new folder.",
  },
  "machine-twice": {
    title: "One machine was dumped twice",
    means: "Two parts of the snapshot describe one machine. Only the first of them counts.",
    todo: "Remove the one that is older or wrong.",
  },
  "manifests-alone": {
    title: "Kubernetes objects without dumps of machines",
    means:
      "Objects alone do not say which machines there are. podpath makes a network of manifests with a nodes.yaml or Node objects, or reads the dumps of machines.",
    todo: "Add a nodes.yaml (podpath init writes one to start from), or nodes/NAME/ with at least iptables-save.txt, ip-addr.txt and ip-route.txt.",
  },
  "missing-file": {
    title: "There is no such file or folder",
    means: "The path that was given leads nowhere.",
    todo: "Check the spelling; the message names what is similar.",
  },
  "missing-folder": {
    title: "A scenario names a snapshot that is not there",
    means: "The folder under network.snapshot does not exist, relative to the scenario's file.",
    todo: "Correct the path in the scenario.",
  },
  "not-a-file": {
    title: "Something that is no regular file",
    means: "It is a device, a pipe or a socket. It was left out.",
    todo: "Give regular files.",
  },
  "not-a-scenario": {
    title: "The file is no scenario",
    means: "A scenario begins with apiVersion: podpath/v1 and kind: Scenario. Nothing was played.",
    todo: "To ask about the network itself, use podpath trace or podpath check.",
  },
  "same-dump-twice": {
    title: "Two files with the same dump",
    means: "Two files of one machine have one content or fill one place. One of them is read.",
    todo: "Nothing, if they are equal. Else remove the older one.",
  },
  "too-deep": {
    title: "Folders nested too deep",
    means: "podpath stops at a depth that no snapshot has. What lies deeper was not read.",
    todo: "Give the folder that holds the snapshot itself.",
  },
  "too-much": {
    title: "More input than podpath reads at once",
    means: "The folder holds more files or bytes than the limit. The rest was not read.",
    todo: "Give the folder that holds the snapshot itself.",
  },
  "unknown-code": {
    title: "There is no such code",
    means: "podpath explain was asked for a name that is no code.",
    todo: "podpath explain lists all codes.",
  },
  "unknown-format": {
    title: "A picture in a format that there is not",
    means: "Neither --format nor the name of the output file names a format that podpath draws. Nothing was drawn.",
    todo: "Name the file .svg, .mmd or .dot, or add --format.",
  },
  "unknown-file": {
    title: "A file that nobody reads",
    means: "Neither its name nor its content is one that podpath knows. It has no effect on any answer.",
    todo: "If it is a dump, name it as docs/reference/snapshot.md lists.",
  },
  "unreadable-file": {
    title: "A file that cannot be opened",
    means: "The operating system refused to open it. What it would have told is assumed or unknown.",
    todo: "Check its permissions and where its link leads.",
  },
  "unrecognised-file": {
    title: "Content of an unknown kind",
    means: "The content is not the output of any command that podpath reads. It was left out.",
    todo: "Give the unchanged output of a command, whole lines included.",
  },
  "wrong-file": {
    title: "A file with the content of another",
    means: "The content is the output of another command than the file's name says. It was left out.",
    todo: "Rename the file after the command whose output it holds, and collect the missing one.",
  },
} as const satisfies CodeTable;
