import { assert, assertEquals, assertMatch } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { isAccessible } from "./support/accessible.ts";
import { pageTest } from "./support/page_stage.ts";
import { LISTENER_ROWS } from "../lib/protocols/listener_table.ts";
import { readWebFiles } from "../lib/store/web_files.ts";
import { languageFor, LANGUAGES } from "../lib/web/languages.ts";
import { readSettings } from "../lib/web/settings.ts";
import { SLASH_COMMANDS } from "../lib/web/slash_commands.ts";
import { becomes } from "./support/wire.ts";
import { chatTexts, peerTexts, serverTexts, sharedTexts, type Texts } from "../lib/web/texts.ts";

// The texts of the pages, and their languages.

const FOLDER = join(dirname(fromFileUrl(import.meta.url)), "..", "lib", "web");
const ENGLISH: Texts = { shared: sharedTexts, chat: chatTexts, server: serverTexts, peers: peerTexts };
/** The groups of texts that each page has. */
const GROUPS: Readonly<Record<string, readonly (keyof Texts)[]>> = {
  "chat.html": ["shared", "chat"],
  "server.html": ["shared", "server"],
  "form.html": ["shared", "peers"],
  "table.html": ["shared", "peers"],
};

function filesOf(extension: string): { readonly name: string; readonly text: string }[] {
  return [...Deno.readDirSync(FOLDER)].filter(({ name }) => name.endsWith(extension)).map(({ name }) => ({
    name,
    text: Deno.readTextFileSync(join(FOLDER, name)),
  }));
}

const SOURCES = filesOf(".ts").filter(({ name }) => !name.startsWith("texts"));
const PAGES = filesOf(".html");

/** The translation in a file. */
async function translation(name: string): Promise<Texts> {
  const { sharedTexts, chatTexts, serverTexts, peerTexts } = await import(`../lib/web/texts_${name}.ts`);
  return { shared: sharedTexts, chat: chatTexts, server: serverTexts, peers: peerTexts };
}

const TRANSLATIONS: { readonly name: string; readonly texts: Texts }[] = [];
for (const name of Object.keys(LANGUAGES).filter((name) => name !== "en")) {
  TRANSLATIONS.push({ name, texts: await translation(name) });
}

type Text = string | ((...given: never[]) => string);

/** All texts with their names: `chat.states.sent`. */
function* textsIn(texts: object, path = ""): Generator<[path: string, text: Text]> {
  for (const [name, text] of Object.entries(texts)) {
    const at = path === "" ? name : `${path}.${name}`;
    if (typeof text === "object") yield* textsIn(text, at);
    else yield [at, text];
  }
}

/** What is said with these values; numbers and texts alike. */
function said(text: Text, values: readonly unknown[]): string {
  return typeof text === "string" ? text : text(...values as never[]);
}

Deno.test("every language has a text for each text, which says everything that it is given", () => {
  const english = new Map(textsIn(ENGLISH));
  // Numbers that no text contains by itself, and that have a form for one, and for several.
  const given = [[81, 82, 83], [1, 1, 1], ["‹a›", "‹b›", "‹c›"]];
  for (const { name, texts } of TRANSLATIONS) {
    const translated = new Map(textsIn(texts));
    assertEquals([...translated.keys()].sort(), [...english.keys()].sort(), name);
    for (const [path, text] of english) {
      const other = translated.get(path)!;
      assertEquals(typeof other, typeof text, `${name} ${path}`);
      for (const values of given) {
        const [one, two] = [said(text, values), said(other, values)];
        assert(two.trim() !== "" && !/undefined|NaN|\[object/.test(two), `${name} ${path}: ${two}`);
        if (values[0] === 1) continue;
        for (const value of values) {
          const isSaid = one.includes(String(value));
          assertEquals(two.includes(String(value)), isSaid, `${name} ${path}: ${two}`);
        }
      }
      const commands = (each: Text) =>
        (said(each, []).match(/(?:^|\s)\/[a-z]+|from:|in:|before:|after:|Ctrl|Enter/g) ?? []).sort();
      if (typeof text === "string") assertEquals(commands(other), commands(text), `${name} ${path}`);
    }
  }
});

Deno.test("translations are in their language: no text is left in English, and each is in its characters", () => {
  /** The same in every language. */
  const same = /^(?:shared\.ip|chat\.actOn|chat\.wrongCommand|chat\.marked|chat\.rate|chat\.sized|shared\.bytes)$/;
  const english = new Map(textsIn(ENGLISH));
  for (const { name, texts } of TRANSLATIONS) {
    for (const [path, text] of textsIn(texts)) {
      if (same.test(path) || /usage$|dates$|halfDays$/.test(path)) continue;
      const shown = said(text, ["X", "Y", "Z"]);
      assert(shown !== said(english.get(path)!, ["X", "Y", "Z"]), `${name} ${path}: ${shown}`);
      if (name === "zh" && /\p{L}{3}/u.test(shown.replace(/\b[A-Za-z]+\b/g, ""))) assertMatch(shown, /\p{Script=Han}/u);
      assertEquals(shown, shown.normalize("NFC"), `${name} ${path}`);
    }
  }
});

Deno.test("every text is shown somewhere, and every text that is shown is there", () => {
  const code = SOURCES.map(({ text }) => text).join("\n");
  const asked = new Set<string>();
  for (const [, group, name] of code.matchAll(/\b(shared|chat|server|peer)Texts\.(\w+)/g)) {
    asked.add(`${group}.${name}`);
  }
  // As in `const { plots, series } = serverTexts`.
  for (const [, names, group] of code.matchAll(/const \{ ([\w, ]+) \} = (shared|chat|server|peer)Texts;/g)) {
    for (const name of names!.split(", ")) asked.add(`${group}.${name}`);
  }
  for (const { name: page, text } of PAGES) {
    for (const [, name] of text.matchAll(/ data-(?:text|label|placeholder|alt)="(\w*)"/g)) {
      const group = GROUPS[page]!.find((group) =>
        typeof (ENGLISH[group] as Record<string, unknown>)[name!] === "string"
      );
      if (group === undefined) throw new Error(`${page} has no text "${name}"`);
      asked.add(`${group.replace("peers", "peer")}.${name}`);
    }
  }
  const known = Object.entries(ENGLISH).flatMap(([group, texts]) =>
    Object.keys(texts).map((name) => `${group.replace("peers", "peer")}.${name}`)
  );
  assertEquals(known.filter((name) => !asked.has(name)), [], "shown nowhere");
  assertEquals([...asked].filter((name) => !known.includes(name)), [], "not there");
  assertEquals(Object.keys(chatTexts.commands), Object.keys(SLASH_COMMANDS));
});

Deno.test("each listener has a name in every language", () => {
  const labels = LISTENER_ROWS.flatMap(({ ways }) => ways.map(({ label }) => label));
  assertEquals(labels.filter((label) => !(label in ENGLISH.server.names)), []);
});

Deno.test("no page and no script has an English text of its own", () => {
  const wrong: string[] = [];
  for (const { name, text } of PAGES) {
    const body = text.replace(/<noscript>[^]*?<\/noscript>|<!DOCTYPE[^>]*>/g, "");
    for (const [, words] of body.matchAll(/>([^<]*[A-Za-z][^<]*)</g)) {
      if (!/^(?:Partyline|JSONL|CSV|SVG|401|\/metrics)$/.test(words!.trim())) wrong.push(`${name}: ${words!.trim()}`);
    }
    for (const [found] of body.matchAll(/ (?:aria-label|placeholder|title|alt)="[^"]*"/g)) {
      wrong.push(`${name}:${found}`);
    }
  }
  for (const { name, text } of SOURCES) {
    for (const each of literals(text)) if (isEnglish(each)) wrong.push(`${name}: ${each}`);
  }
  assertEquals(wrong, []);
});

/** Strings that users do not read: classes of elements, languages and what browsers call things. */
const UNREAD = new Set([
  ...[
    "row line new",
    "row line",
    "bubble card",
    "row plain",
    "text gone",
    "quiet again",
    "quiet versions",
    "quiet remove",
    "how status",
  ],
  ...[
    "place create",
    "how image",
    "dot online",
    "badge mentions",
    "quiet dots",
    "reaction own",
    "rung no-arrow",
    "mention me",
  ],
  ...["quiet copy", "noopener noreferrer", "input, textarea, select", "ui-monospace, monospace", "not all", "day of"],
  ...["Notification", "English", "Tiếng Việt"],
]);

/** The texts in a source, without comments and imports; what a template computes is left out, and errors are not shown as such. */
function literals(source: string): string[] {
  const code = source.replace(/\/\*[^]*?\*\/|^\s*\/\/.*$|\s\/\/ .*$/gm, "")
    .replace(/^(?:import|export)\b[^;]*? from "[^"]*";/gm, "").replace(/\bthrow new \w+\([^;]*\);/g, "");
  return code.split("\n").flatMap((line) =>
    [...line.matchAll(/"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g)].map(([, plain, template]) =>
      plain ?? template!.replace(/\$\{[^}]*\}/g, " ")
    )
  );
}

/** Whether a text is words for people: several, or one that begins like a sentence. */
function isEnglish(text: string): boolean {
  const trimmed = text.trim();
  if (UNREAD.has(trimmed)) return false;
  // Selectors, styles, paths and media queries.
  if (/[#.[\]{}<>=;_/:()*]|^partyline |^[a-z]+(?:-[a-z]+)*$/.test(trimmed)) {
    return /[a-z]{2,} [a-z]{2,} [a-z]{2,}/.test(trimmed);
  }
  if (/^(?:Arrow\w+|Page\w+|Enter|Escape|Home|End|Tab|Files|Partyline|POST|PATCH|DELETE|GET|L[ab])$/.test(trimmed)) {
    return false;
  }
  return /^[A-Z][a-z]+\b/.test(trimmed) || /\b[a-z]{2,}\b.* \b[a-z]{2,}\b/i.test(trimmed);
}

Deno.test("a page's script with a translation has the texts of that page, and says them when it has run", () => {
  const files = readWebFiles();
  for (const { name, texts } of TRANSLATIONS) {
    for (const group of ["chat", "server", "peers"] as const) {
      const script = String(files.get(`texts_${name}_${group}.js`));
      let said: Partial<Texts> | undefined;
      new Function("dispatchEvent", script)(({ detail }: CustomEvent<Texts>) => said = detail);
      assertEquals(Object.keys(said!), ["shared", group]);
      assertEquals(Object.keys(said![group]!), Object.keys(texts[group]));
      const others = (["chat", "server", "peers"] as const).filter((each) => each !== group);
      for (const other of others) {
        assert(!script.includes(`${other === "peers" ? "peer" : other}Texts`), `${name} ${other}`);
      }
    }
  }
});

Deno.test("the language is the one that was chosen, else the first of the browser's that the pages have", () => {
  assertEquals(languageFor("auto", ["vi-VN", "en-US"]), "vi");
  assertEquals(languageFor("auto", ["fr-FR", "zh-CN", "en"]), "zh");
  assertEquals(languageFor("auto", ["zh-Hans-SG"]), "zh");
  assertEquals(languageFor("auto", ["zh-TW", "en-US"]), "en", "traditional characters are others");
  assertEquals(languageFor("auto", ["en-US", "vi"]), "en");
  assertEquals(languageFor("auto", ["constructor", "de"]), "en");
  assertEquals(languageFor("zh", ["vi"]), "zh");
  assertEquals(readSettings('{"language":"vi"}').language, "vi");
  assertEquals(readSettings('{"language":"toString"}').language, "auto");
  assertEquals(readSettings(null).language, "auto");
});

pageTest(
  "the page speaks the browser's language, another when one is chosen, and dates follow it",
  async ({ chromium, address, enter }) => {
    await using anh = await chromium.user(address, "alice", { locale: "vi-VN" });
    const { page } = anh;
    await anh.shows("Chưa có tin nhắn nào.");
    assertEquals(await page.locator("html").getAttribute("lang"), "vi");
    await page.getByRole("textbox", { name: "Tin nhắn" }).fill("chào các bạn");
    await page.keyboard.press("Enter");
    await anh.sees("chào các bạn", "đã gửi");
    await anh.shows("Hôm nay");
    const full = await anh.row("chào các bạn").locator("time").getAttribute("title");
    assertMatch(full!, / tháng \d+/);
    await isAccessible(anh, "the chat in Vietnamese");

    await page.getByRole("button", { name: "Cài đặt" }).click();
    await page.getByLabel("Ngôn ngữ").selectOption({ label: "简体中文" });
    await page.locator("html[lang=zh-Hans]").waitFor();
    await anh.isIn("alice");
    await anh.sees("chào các bạn", "已发送");
    await anh.shows("今天");
    assertMatch((await anh.row("chào các bạn").locator("time").getAttribute("title"))!, /^\d{4}年\d+月\d+日星期/);
    await page.getByRole("button", { name: "退出" }).click();
    await page.getByRole("button", { name: "登录", exact: true }).waitFor();
    await isAccessible(anh, "the login in Chinese");
    await page.goto(`${address}server`);
    await anh.shows("如何连接");
    await isAccessible(anh, "the server's page in Chinese");
    await becomes(async () => (await page.title()).slice(-"Partyline 服务器".length), "Partyline 服务器");

    const bob = await enter("bob");
    assertEquals(await bob.page.locator("html").getAttribute("lang"), "en");
    const loaded = await bob.page.evaluate(
      "performance.getEntriesByType('resource').map(({ name }) => name).join(' ')",
    );
    assert(!String(loaded).includes("texts_"), "English needs no translation");
  },
);
