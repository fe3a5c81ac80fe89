export type Language = "en" | "vi" | "zh";

/** What each language calls itself, and what browsers call it. */
export const LANGUAGES: Readonly<Record<Language, { readonly name: string; readonly tag: string }>> = {
  en: { name: "English", tag: "en" },
  vi: { name: "Tiếng Việt", tag: "vi" },
  zh: { name: "简体中文", tag: "zh-Hans" },
};

/** Written with other characters. */
const TRADITIONAL = /^zh-(?:hant|tw|hk|mo)\b/i;

export function isLanguage(name: unknown): name is Language {
  return typeof name === "string" && Object.hasOwn(LANGUAGES, name);
}

/** The language that was chosen, else the first of the browser's that the pages have, else English. */
export function languageFor(chosen: Language | "auto", preferred: readonly string[]): Language {
  if (chosen !== "auto") return chosen;
  const known = preferred.filter((tag) => !TRADITIONAL.test(tag)).map((tag) => tag.toLowerCase().split("-")[0]);
  return known.find(isLanguage) ?? "en";
}
