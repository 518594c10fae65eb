/** The characters of names that Kubernetes makes up: none that spell words or look alike (apimachinery util/rand). */
const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** Kubernetes cuts a base so that a name with its suffix has at most 63 characters (storage/names). */
const LONGEST_BASE = 58;

/** FNV-1a of 32 bits. */
function fnv(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Characters of the alphabet that depend on the seed alone: where Kubernetes draws or hashes, the same input has the same name. */
function letters(seed: string, length: number): string {
  let state = fnv(seed);
  let text = "";
  for (let i = 0; i < length; i++) {
    // xorshift: neighbouring seeds differ in all characters
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    text += ALPHABET.charAt((state >>> 0) % ALPHABET.length);
  }
  return text;
}

/** `web-7c65d6cfc9`: the ReplicaSet of a Deployment. */
export function templateHash(namespace: string, deployment: string, template: string): string {
  return letters(`${namespace}/${deployment} ${template}`, 10);
}

/** `<base>-4x2bk`: a pod among others of its owner. `taken` has the names of the namespace. */
export function podName(base: string, seed: string, taken: (name: string) => boolean): string {
  const stem = `${base.slice(0, LONGEST_BASE - 1)}-`;
  for (let attempt = 0; ; attempt++) {
    const name = stem + letters(`${stem}${seed}${attempt === 0 ? "" : ` ${attempt}`}`, 5);
    if (!taken(name)) return name;
  }
}
