import { make } from "./dom.ts";
import { type Language, languageFor, LANGUAGES } from "./languages.ts";
import { pageVersion } from "./offline.ts";
import { storedSettings } from "./settings_store.ts";
import type { Texts } from "./texts.ts";

/** Texts that a page shows: those that all pages have, and its own. */
type Groups = Pick<Texts, "shared"> & Partial<Texts>;

/** Has the page speak its language: `groups` are the texts that it shows, which a translation replaces in place. */
export async function useLanguage(groups: Groups): Promise<void> {
  let language = languageFor(storedSettings().language, navigator.languages);
  if (language !== "en") {
    try {
      const names = Object.keys(groups) as (keyof Texts)[];
      const translation = await translationTo(language, names.find((name) => name !== "shared")!);
      for (const group of names) Object.assign(groups[group]!, translation[group]);
    } catch { // It is not to be had now.
      language = "en";
    }
  }
  document.documentElement.lang = LANGUAGES[language].tag;
  fillTexts(Object.assign({}, ...Object.values(groups)));
}

/** A translation is a script of its own, which is loaded only where it is needed. */
function translationTo(language: Language, group: keyof Texts): Promise<Texts> {
  return new Promise((resolve, reject) => {
    addEventListener("texts", (event) => resolve((event as CustomEvent<Texts>).detail), { once: true });
    // The chat's page and its translation are of one version.
    const version = pageVersion();
    const src = `/page/texts_${language}_${group}.js${version === undefined ? "" : `?v=${version}`}`;
    document.head.append(make("script", { src, type: "module", onerror: reject }));
  });
}

/** Gives the elements of the page their texts, by the names in their attributes. */
function fillTexts(texts: Readonly<Record<string, string>>): void {
  for (
    const element of document.querySelectorAll<HTMLElement>("[data-text], [data-label], [data-placeholder], [data-alt]")
  ) {
    const { text, label, placeholder, alt } = element.dataset;
    if (text !== undefined) element.textContent = texts[text]!;
    if (label !== undefined) element.setAttribute("aria-label", texts[label]!);
    if (alt !== undefined) element.setAttribute("alt", texts[alt]!);
    if (placeholder !== undefined) element.setAttribute("placeholder", texts[placeholder]!);
  }
}
