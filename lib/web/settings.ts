import { isLanguage, type Language } from "./languages.ts";

/** What the user of this browser has chosen. */
export interface Settings {
  /** "auto" is the browser's, as far as the pages have it. */
  readonly language: Language | "auto";
  readonly theme: "auto" | "light" | "dark";
  readonly density: "roomy" | "compact";
  readonly clock: "24" | "12";
  readonly sounds: boolean;
  readonly enterSends: boolean;
  /** Whether others see that the user is writing, and the user sees it of others. */
  readonly typing: boolean;
  /** Whether the user wants notifications; undefined before that was asked. */
  readonly notifications: boolean | undefined;
  /** Muted conversations, each with its user. */
  readonly muted: readonly string[];
}

const USUAL: Settings = {
  language: "auto",
  theme: "auto",
  density: "roomy",
  clock: "24",
  sounds: false,
  enterSends: true,
  typing: true,
  notifications: undefined,
  muted: [],
};

/** Settings as they are stored; what is missing or not understood is as usual. */
export function readSettings(text: string | null): Settings {
  let stored: Partial<Record<keyof Settings, unknown>>;
  try {
    stored = JSON.parse(text ?? "{}") ?? {};
  } catch {
    return USUAL;
  }
  const { language, theme, density, clock, sounds, enterSends, typing, notifications, muted } = stored;
  return {
    language: isLanguage(language) ? language : USUAL.language,
    theme: theme === "light" || theme === "dark" ? theme : USUAL.theme,
    density: density === "compact" ? density : USUAL.density,
    clock: clock === "12" ? clock : USUAL.clock,
    sounds: sounds === true,
    enterSends: enterSends !== false,
    typing: typing !== false,
    notifications: typeof notifications === "boolean" ? notifications : undefined,
    muted: Array.isArray(muted) ? muted.filter((key) => typeof key === "string") : [],
  };
}
