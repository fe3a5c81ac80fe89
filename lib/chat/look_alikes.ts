/** Letters of other scripts, and signs, that people take for Latin ones; each pair is the foreign one and the Latin one. */
const PAIRS = "аaеeоoрpсcуyхxіiјjѕsһhԁdԛqԝwкkмmтtвbнhгrоoαaοoρpνvιiκkτtυuχxηnωwєeзeոnօoսu0o1l|l!l$s@a";

const LATIN: ReadonlyMap<string, string> = new Map(
  [...PAIRS.matchAll(/(.)(.)/gu)].map(([, foreign, latin]) => [foreign!, latin!]),
);

/**
 * A name as people see it at a glance: two names with one look are taken for each other. Case, accents, width and letters
 * borrowed from other scripts make no difference; nor do signs that are not seen.
 */
export function skeleton(name: string): string {
  const plain = name.normalize("NFKD").replace(/[\p{M}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, "").toLowerCase();
  const latin = [...plain].map((letter) => LATIN.get(letter) ?? letter).join("");
  // A capital i is a small L to most: "mail" and "mall" are one for it, which is little lost.
  return latin.replaceAll("i", "l").replaceAll("rn", "m").replaceAll("vv", "w");
}

/** Names that would pass for the server, for everybody, or for one's own. */
const RESERVED = new Set(
  [
    "admin administrator all anonymous anybody bot chat client everybody everyone group guest guests help host lobby",
    "localhost mail mailbox me moderator nobody null operator owner partyline peer room rooms root self server someone",
    "somebody staff status support sysop system teacher undefined unknown user users web you",
  ].join(" ").split(" ").map(skeleton),
);

/** Whether a name would pass for something that is nobody's. */
export function isReserved(name: string): boolean {
  return RESERVED.has(skeleton(name)) || /^[\d.:[\]]+$/.test(name);
}
