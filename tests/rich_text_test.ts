import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Block, type Inline, richText, withoutMarks } from "../lib/core/rich_text.ts";

const NAMES = new Set(["bob", "o.k", "Zoë"]);

/** A tree in short: `b(…)`, `i(…)`, `code(…)`, `<link>`, `@{name}`; a block a line. */
function short(text: string): string {
  return richText(text, (name) => NAMES.has(name)).map(shortBlock).join(" | ");
}

function shortBlock(block: Block): string {
  switch (block.type) {
    case "paragraph":
      return shortLine(block.content);
    case "code":
      return `pre(${block.text})`;
    case "list":
      return `${block.first === undefined ? "ul" : `ol${block.first}`}(${block.items.map(shortLine).join("; ")})`;
    case "quote":
      return `quote(${block.content.map(shortBlock).join(" | ")})`;
  }
}

function shortLine(content: readonly Inline[]): string {
  return content.map((part) => {
    switch (part.type) {
      case "text":
        return part.text;
      case "code":
        return `code(${part.text})`;
      case "link":
        return `<${part.text}>`;
      case "mention":
        return `@{${part.name}}`;
      default:
        return `${part.type[0]}(${shortLine(part.content)})`;
    }
  }).join("");
}

function same(...texts: string[]): void {
  for (const text of texts) assertEquals(short(text), text);
}

Deno.test("code spans, bold, italics and their mixtures; marks stand at the edges of words", () => {
  assertEquals(short("use `a*b` and ``x`y``, ` ` too"), "use code(a*b) and code(x`y), code( ) too");
  assertEquals(short("**very** _good_ *work*, **not _so_ good**"), "b(very) i(good) i(work), b(not i(so) good)");
  assertEquals(short('(*a*) "**b**" *c*.'), '(i(a)) "b(b)" i(c).');
  assertEquals(short("`a` ``` `b`"), "code(a) ``` code(b)");
  same(
    "a * b * c",
    "2*3*4",
    "snake_case_name and __init__",
    "f(*args, **kwargs)",
    "/* a comment */",
    "*",
    "**",
    "** **",
  );
  same("*not closed", "**nor _this", "a ` b", "*a\nb*", "x ***y*** z", "__a__");
  assertEquals(short("**a *b** c"), "b(a *b) c");
});

Deno.test("links keep the brackets that they have opened, and nothing of the sentence around them", () => {
  assertEquals(short("see https://a.b/c_(d)."), "see <https://a.b/c_(d)>.");
  assertEquals(short("(https://a.b/c_(d)), or http://x?y=[1]!"), "(<https://a.b/c_(d)>), or <http://x?y=[1]>!");
  assertEquals(short("**https://a.b/*x*y**"), "b(<https://a.b/*x*y>)");
  assertEquals(short("https://a.b/<script>"), "<https://a.b/><script>");
  assertEquals(short("`https://a.b`"), "code(https://a.b)");
  same("https://", "xhttps://a.b", "http://)", "javascript:alert(1)", "ftp://a.b", "data:text/html,x", "HTTPS://a.b");
});

Deno.test("fenced blocks, lists and quotes stand in lines of their own; everything else is as it was typed", () => {
  assertEquals(short("look:\n```py\nif x:\n\n  **y**\n```\nok"), "look: | pre(if x:\n\n  **y**) | ok");
  assertEquals(short("```\nnot closed\n- a"), "pre(not closed\n- a)");
  assertEquals(short("- a\n  b\n  - c\n* d\n1. e\n2) f\ng"), "ul(a\nb\n- c; d) | ol1(e; f) | g");
  assertEquals(short("3. three\n\n\n4. four"), "ol3(three) | ol4(four)");
  assertEquals(short("> a\n> > b\n>\n> - c\nd"), "quote(a | quote(b) | ul(c)) | d");
  assertEquals(short("> > > > deep"), "quote(quote(quote(> deep)))");
  same("a\n\n\n  b\n\tc  d", "-5", "- ", "2026.", ">>> print(1)", ">:(", "-- \nx", "1.5 V", "#include <x>");
  assertEquals(short("\n\na\r\n b\n\n"), "a\n b");
  assertEquals(richText("\n \n"), []);
});

Deno.test("a mention is the name of a person behind an @, whatever sign follows it", () => {
  assertEquals(short("@bob, @o.k. and (@Zoë): **@bob!**"), "@{bob}, @{o.k}. and (@{Zoë}): b(@{bob}!)");
  same("@bobby", "mail@bob", "@nobody", "@", "@@", "@o");
  assertEquals(short("`@bob` @bob"), "code(@bob) @{bob}");
});

const pieces = fc.constantFrom(
  ..."`|``|```|*|**|***|_|__|- |1. |> |> > |  |\n|\r\n|a|(|)|[|]|https://|http://x|@|@bob|.|,|<b>|\u202e|🙂|é|\t".split(
    "|",
  ),
);
const texts = fc.oneof(fc.array(pieces, { maxLength: 60 }).map((all) => all.join("")), fc.string({ unit: "binary" }));

Deno.test("without its marks a text is as it reads", () => {
  assertEquals(withoutMarks("```\nx = 1\n```\n> **a** `b`\n1. c\n- *d*"), "x = 1\na b\nc\nd");
});

/** The characters of a tree, in order. */
function characters(blocks: readonly Block[]): string {
  const inline = (part: Inline): string =>
    "content" in part ? part.content.map(inline).join("") : part.type === "mention" ? `@${part.name}` : part.text;
  return blocks.map((block) =>
    block.type === "code"
      ? block.text
      : block.type === "quote"
      ? characters(block.content)
      : (block.type === "list" ? block.items.flat() : block.content).map(inline).join("")
  ).join("");
}

Deno.test("whatever the text: a tree that is not deep, of parts that are not empty, with nothing but marks and blanks left out", () => {
  fc.assert(fc.property(texts, (text) => {
    const tree = richText(text, (name) => NAMES.has(name));
    let rest = text;
    // What is left out between two characters of the tree is marks, blanks and numbers of lists.
    for (const character of characters(tree)) {
      const at = rest.indexOf(character);
      assert(at >= 0, `${JSON.stringify(character)} was not in the text`);
      const skipped = rest.slice(0, at);
      if (!/```/.test(text)) assert(/^[\s`*_>•\-\d.)]*$/.test(skipped), `left out: ${JSON.stringify(skipped)}`);
      rest = rest.slice(at + character.length);
    }
    const depth = (part: Inline): number => "content" in part ? 1 + Math.max(0, ...part.content.map(depth)) : 1;
    const visit = (block: Block, level: number): void => {
      assert(level <= 4);
      if (block.type === "quote") { for (const each of block.content) visit(each, level + 1); }
      if (block.type !== "paragraph") return;
      assert(block.content.length > 0);
      for (const part of block.content) {
        assert(depth(part) <= 4);
        if (part.type === "link") assert(/^https?:\/\/[^\s<>"]+$/.test(part.text));
      }
    };
    for (const block of tree) visit(block, 1);
  }));
});

Deno.test("a text of 128 Ki characters is read, however hostile: work that grows with its square would not end", () => {
  const SIZE = 128 * 1024;
  const hostile = [
    ..."`|*|**a |*a _b |_|[(|https://|ahttps://|https://)|@|@a|@.,|> |- |a`b``c```|(*|*)|**| *a|a* |1. |https://a.b/("
      .split("|"),
    ...["\n> ", "\n- ", "  \n", "\r\n", "\n```", `@${".".repeat(39)}`],
  ];
  for (const each of hostile) {
    const text = `${each.repeat(SIZE / each.length)}*\``;
    assert(richText(text).length > 0, each);
  }
});
