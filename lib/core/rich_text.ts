/** A part of a line. */
export type Inline =
  | { readonly type: "text" | "code" | "link"; readonly text: string }
  /** `name` is whose name stands after the `@`. */
  | { readonly type: "mention"; readonly name: string }
  | { readonly type: "bold" | "italic"; readonly content: readonly Inline[] };

/** A part of a text. Line breaks inside are `\n`. */
export type Block =
  | { readonly type: "paragraph"; readonly content: readonly Inline[] }
  | { readonly type: "code"; readonly text: string }
  /** `first` is the number of the first item; undefined for a list without numbers. */
  | { readonly type: "list"; readonly first: number | undefined; readonly items: readonly (readonly Inline[])[] }
  | { readonly type: "quote"; readonly content: readonly Block[] };

/** Whether a name after `@` is a person's; a beginning of the word that is one counts. */
export type IsName = (name: string) => boolean;

/** Quotes within quotes; deeper ones are text. */
const QUOTE_DEPTH = 3;
const OPENING_FENCE = /^ {0,3}\x60{3,}[^\x60]*$/;
const CLOSING_FENCE = /^ {0,3}\x60{3,}\s*$/;
const ITEM = /^ ?(?:[-*•]|(\d{1,9})[.)]) +(?=\S)/;
const CONTINUATION = /^ {2,}(?=\S)/;
const QUOTE = /^ ?>(?: |$)/;

/**
 * Reads the few marks that people use in chats: code spans and fenced blocks, bold, italics, lists, quotes, links, and mentions.
 *
 * 1. Every text has a tree, and the tree has every character of the text but for its marks, in order.
 * 2. It takes time in proportion to the text, and no tree is deep.
 * 3. Everything else stays as it was typed, blanks and line breaks too.
 */
export function richText(text: string, isName: IsName = () => false): readonly Block[] {
  return blocks(text.replaceAll("\r\n", "\n").split("\n"), isName, 0);
}

/** A text without its marks. */
export function withoutMarks(text: string): string {
  const inline = (part: Inline): string =>
    "content" in part ? part.content.map(inline).join("") : part.type === "mention" ? `@${part.name}` : part.text;
  const block = (each: Block): string => {
    if (each.type === "code") return each.text;
    if (each.type === "list") return each.items.map((item) => item.map(inline).join("")).join("\n");
    return each.type === "quote" ? each.content.map(block).join("\n") : each.content.map(inline).join("");
  };
  return richText(text).map(block).join("\n");
}

/** Whether a text mentions a person. */
export function mentions(text: string, name: string): boolean {
  if (name === "" || !text.includes(`@${name}`)) return false;
  const isIn = (part: Inline): boolean => part.type === "mention" || ("content" in part && part.content.some(isIn));
  const isInBlock = (block: Block): boolean => {
    if (block.type === "code") return false;
    if (block.type === "list") return block.items.some((item) => item.some(isIn));
    return block.type === "quote" ? block.content.some(isInBlock) : block.content.some(isIn);
  };
  return richText(text, (each) => each === name).some(isInBlock);
}

function blocks(lines: readonly string[], isName: IsName, depth: number): Block[] {
  const found: Block[] = [];
  let plain: string[] = [];
  const endParagraph = () => {
    const content = paragraph(plain, isName);
    if (content.length > 0) found.push({ type: "paragraph", content });
    plain = [];
  };
  for (let at = 0; at < lines.length;) {
    const line = lines[at]!;
    let block: Block | undefined;
    let end = at + 1;
    if (OPENING_FENCE.test(line)) {
      while (end < lines.length && !CLOSING_FENCE.test(lines[end]!)) end++;
      block = { type: "code", text: lines.slice(at + 1, end).join("\n") };
      // An unclosed block extends to the end of the text.
      end = Math.min(lines.length, end + 1);
    } else if (ITEM.test(line)) {
      ({ block, end } = list(lines, at, isName));
    } else if (depth < QUOTE_DEPTH && QUOTE.test(line)) {
      while (end < lines.length && QUOTE.test(lines[end]!)) end++;
      const inner = lines.slice(at, end).map((each) => each.replace(QUOTE, ""));
      block = { type: "quote", content: blocks(inner, isName, depth + 1) };
    }
    if (block) {
      endParagraph();
      found.push(block);
    } else plain.push(line);
    at = end;
  }
  endParagraph();
  return found;
}

/** The items from a line on, with the lines that are indented below them; numbers and other marks are lists of their own. */
function list(lines: readonly string[], start: number, isName: IsName): { block: Block; end: number } {
  const number = ITEM.exec(lines[start]!)![1];
  const items: string[][] = [];
  let end = start;
  for (; end < lines.length; end++) {
    const line = lines[end]!;
    const item = ITEM.exec(line);
    if (item && (item[1] === undefined) === (number === undefined)) items.push([line.slice(item[0].length)]);
    else if (!item && CONTINUATION.test(line)) items.at(-1)!.push(line.replace(/^ {2}/, ""));
    else break;
  }
  const block: Block = {
    type: "list",
    first: number === undefined ? undefined : Number(number),
    items: items.map((item) => joined(item, isName)),
  };
  return { block, end };
}

/** Lines without the blank ones around them, which separate it from other blocks. */
function paragraph(lines: readonly string[], isName: IsName): Inline[] {
  const isBlank = (line: string) => line.trim() === "";
  const start = lines.findIndex((line) => !isBlank(line));
  const end = lines.findLastIndex((line) => !isBlank(line));
  return start < 0 ? [] : joined(lines.slice(start, end + 1), isName);
}

function joined(lines: readonly string[], isName: IsName): Inline[] {
  return merged(lines.flatMap((line, i) => [...(i > 0 ? [text("\n")] : []), ...inlines(line, isName)]));
}

type Mark = "bold" | "italic";

/** An open mark, and the parts after it so far. */
interface Open {
  readonly mark: Mark | undefined;
  readonly sign: string;
  readonly content: Inline[];
}

/** The beginning of a span on a line; each alternative reads every character a bounded number of times. */
const TOKEN = /\x60+|\*+|_+|https?:\/\/|@[^\s@]{1,40}/gu;
const ADDRESS = /[^\s<>"\x60]+/y;

/** The parts of one line. */
function inlines(line: string, isName: IsName): Inline[] {
  const runs = backtickRuns(line);
  const stack: Open[] = [{ mark: undefined, sign: "", content: [] }];
  const add = (part: Inline) => stack.at(-1)!.content.push(part);
  let at = 0;
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(line); match; match = TOKEN.exec(line)) {
    const start = match.index;
    const token = match[0];
    if (start > at) add(text(line.slice(at, start)));
    let end = start + token.length;
    const sign = token[0]!;
    if (sign === "\x60") {
      const close = closing(runs.get(token.length), start);
      if (close === undefined) add(text(token));
      else {
        add({ type: "code", text: unpadded(line.slice(end, close)) });
        end = close + token.length;
      }
    } else if (sign === "h") {
      const address = isWord(line[start - 1]) ? "" : addressAt(line, start);
      add(address.length > token.length ? { type: "link", text: address } : text(token));
      end = start + Math.max(token.length, address.length);
    } else if (sign === "@") {
      const name = isWord(line[start - 1]) ? undefined : nameIn(token.slice(1), isName);
      add(name === undefined ? text(sign) : { type: "mention", name });
      end = start + 1 + (name?.length ?? 0);
    } else mark(stack, token, line[start - 1], line[end]);
    TOKEN.lastIndex = at = end;
  }
  if (at < line.length) add(text(line.slice(at)));
  while (stack.length > 1) giveUp(stack);
  return stack[0]!.content;
}

/** `*` and `**`, and `_`, as marks: at the edges of words alone, so that `a * b`, `2*3*4` and `snake_case` have none. */
function mark(stack: Open[], sign: string, before: string | undefined, after: string | undefined): void {
  const kind: Mark | undefined = sign === "**" ? "bold" : sign.length === 1 ? "italic" : undefined;
  const isOpen = kind !== undefined && stack.some((each) => each.sign === sign);
  if (isOpen && !isSpace(before) && (isSpace(after) || /[\p{P}\p{S}]/u.test(after!) && after !== "/")) {
    while (stack.at(-1)!.sign !== sign) giveUp(stack);
    const { mark, content } = stack.pop()!;
    stack.at(-1)!.content.push({ type: mark!, content: merged(content) });
  } else if (kind && !isOpen && !isSpace(after) && (isSpace(before) || /[([{"'*_~¿¡«“‘—–-]/.test(before!))) {
    stack.push({ mark: kind, sign, content: [] });
  } else stack.at(-1)!.content.push(text(sign));
}

/** The mark that was opened last becomes text. */
function giveUp(stack: Open[]): void {
  const { sign, content } = stack.pop()!;
  // Not spread into arguments: a line may have thousands of parts.
  const { content: outer } = stack.at(-1)!;
  outer.push(text(sign));
  for (const part of content) outer.push(part);
}

/** Where runs of backticks begin, by their lengths. */
function backtickRuns(line: string): Map<number, { starts: number[]; next: number }> {
  const runs = new Map<number, { starts: number[]; next: number }>();
  for (const { 0: { length }, index } of line.matchAll(/\x60+/g)) {
    const known = runs.get(length);
    if (known) known.starts.push(index);
    else runs.set(length, { starts: [index], next: 0 });
  }
  return runs;
}

/** The next run of the same length after `start`. */
function closing(runs: { starts: number[]; next: number } | undefined, start: number): number | undefined {
  while (runs && runs.next < runs.starts.length && runs.starts[runs.next]! <= start) runs.next++;
  return runs?.starts[runs.next];
}

/** Code without the one blank on both sides that lets it begin with a backtick. */
function unpadded(code: string): string {
  return code.startsWith(" ") && code.endsWith(" ") && code.trim() !== "" ? code.slice(1, -1) : code;
}

/** The address at a place, without what ends the sentence that it stands in; of brackets, those that it has not opened. */
function addressAt(line: string, start: number): string {
  ADDRESS.lastIndex = start;
  const [address] = ADDRESS.exec(line)!;
  const balance: Record<string, number> = { ")": 0, "]": 0 };
  for (const character of address) {
    if (character === "(" || character === "[") balance[character === "(" ? ")" : "]"]!++;
    else if (character in balance) balance[character]!--;
  }
  let end = address.length;
  for (; end > 0; end--) {
    const last = address[end - 1]!;
    if (last in balance && balance[last]! < 0) balance[last]!++;
    else if (!/[.,;:!?'*_]/.test(last)) break;
  }
  return address.slice(0, end);
}

/** The longest name that a word begins with, if signs follow it. */
function nameIn(word: string, isName: IsName): string | undefined {
  for (let name = word; name !== ""; name = name.slice(0, -1)) {
    if (isName(name)) return name;
    if (!/[\p{P}\p{S}]$/u.test(name)) return undefined;
  }
  return undefined;
}

function isSpace(character: string | undefined): boolean {
  return character === undefined || /\s/.test(character);
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}_]/u.test(character);
}

function text(text: string): Inline {
  return { type: "text", text };
}

/** Adjacent texts are merged. */
function merged(parts: readonly Inline[]): Inline[] {
  const all: Inline[] = [];
  let texts: string[] = [];
  const flush = () => {
    if (texts.length > 0) all.push(text(texts.join("")));
    texts = [];
  };
  for (const part of parts) {
    if (part.type === "text") texts.push(part.text);
    else {
      flush();
      all.push(part);
    }
  }
  flush();
  return all;
}
