import { sanitized } from "../core/text.ts";
import { nameFault } from "./names.ts";

/** Characters that look like Latin letters, in pairs: the look-alike, then the Latin letter. */
const PAIRS = "аaеeоoрpсcуyхxіiјjѕsһhԁdԛqԝwкkмmтtвbнhгrоoαaοoρpνvιiκkτtυuχxηnωwєeзeոnօoսu0o1l|l!l$s@a";

const LATIN: ReadonlyMap<string, string> = new Map(
  [...PAIRS.matchAll(/(.)(.)/gu)].map(([, foreign, latin]) => [foreign!, latin!]),
);

/**
 * What a name looks like at a glance: two names with the same skeleton can be confused. Case, accents, width, letters
 * of other scripts and invisible characters make no difference. The idea, and the word, are those of Unicode's UTS #39.
 */
export function skeleton(name: string): string {
  const plain = name.normalize("NFKD").replace(/[\p{M}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, "").toLowerCase();
  const latin = [...plain].map((character) => LATIN.get(character) ?? character).join("");
  // A capital I looks like a small l in most fonts, so "mail" and "mall" have one skeleton; few names suffer from that.
  return latin.replaceAll("i", "l").replaceAll("rn", "m").replaceAll("vv", "w");
}

/** Names that could be taken for the server, for all users, or for the reader. */
const RESERVED = new Set(
  [
    "admin administrator all anonymous anybody bot chat client everybody everyone group guest guests help host lobby",
    "localhost mail mailbox me moderator nobody null operator owner partyline peer room rooms root self server someone",
    "somebody staff status support sysop system teacher undefined unknown user users web you",
  ].join(" ").split(" ").map(skeleton),
);

/** Whether a name could be taken for something other than a person; addresses can, too. */
export function isReservedName(name: string): boolean {
  return RESERVED.has(skeleton(name)) || /^[\d.:[\]]+$/.test(name);
}

/** Characters that are not seen, though they count as letters, marks or signs; U+2800 is a blank in Braille. */
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\u2800]|^\p{M}/u;

/** The scripts whose letters are told apart; all others count as one. */
const SCRIPTS = [
  ...[/\p{scx=Latin}/u, /\p{scx=Greek}/u, /\p{scx=Cyrillic}/u, /\p{scx=Armenian}/u, /\p{scx=Hebrew}/u],
  ...[/\p{scx=Arabic}/u, /\p{scx=Devanagari}/u, /\p{scx=Bengali}/u, /\p{scx=Tamil}/u, /\p{scx=Thai}/u],
  ...[/\p{scx=Georgian}/u, /\p{scx=Ethiopic}/u, /\p{scx=Cherokee}/u, /\p{scx=Coptic}/u],
  // Those that are written together; the names of UTS #39 are Jpan, Kore and Hanb.
  /[\p{scx=Latin}\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]/u,
  /[\p{scx=Latin}\p{scx=Han}\p{scx=Hangul}]/u,
  /[\p{scx=Latin}\p{scx=Han}\p{scx=Bopomofo}]/u,
];

/** Whether the letters of a name are of scripts that are not written together. */
function mixesScripts(name: string): boolean {
  const letters = [...name].filter((character) => /\p{L}/u.test(character) && !/\p{scx=Common}/u.test(character));
  if (SCRIPTS.some((script) => letters.every((letter) => script.test(letter)))) return false;
  return letters.some((letter) => SCRIPTS.some((script) => script.test(letter)));
}

/** The rule that a name breaks which its user has chosen; undefined when it can be taken for no other kind of name. */
export function chosenNameFault(name: string): string | undefined {
  const fault = nameFault(name);
  if (fault !== undefined) return fault;
  const [bad] = UNSEEN.exec(name) ?? /[<>]/.exec(name) ?? [];
  if (bad !== undefined) {
    const code = `U+${bad.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
    return `a name has no "<" and ">" and no characters that are not seen; found ${code} in "${sanitized(name)}"`;
  }
  if (mixesScripts(name)) return `"${name}" mixes letters of scripts that look alike, such as Latin and Cyrillic`;
  return isReservedName(name)
    ? `"${name}" is reserved: it could be taken for something other than a person`
    : undefined;
}
