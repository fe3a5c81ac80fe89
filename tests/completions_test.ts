import { assert, assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../lib/core/errors.ts";
import { CLIENT } from "../lib/client/commands.ts";
import { SERVER } from "../lib/server/commands.ts";
import { completions, SHELLS } from "../lib/terminal/completions.ts";
import { manualPage } from "../lib/terminal/manual.ts";

/** What bash would offer for the last of these words. */
async function offered(script: string, words: readonly string[]): Promise<string[]> {
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const fn = `_${words[0]!.replaceAll("-", "_")}`;
  const run = `${script}\nCOMP_WORDS=(${quoted}) COMP_CWORD=${
    words.length - 1
  }\n${fn}\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, success } = await new Deno.Command("bash", { args: ["--norc", "-c", run] }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim().split("\n");
}

Deno.test({
  name: "bash completes commands, the options of each, shells and pages of help",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const client = completions(CLIENT, ["bash"]);
    assertEquals(await offered(client, ["partyline-client", "mai"]), ["mailbox"]);
    assertEquals(await offered(client, ["partyline-client", "peer", "--u"]), ["--udp"]);
    assertEquals(await offered(client, ["partyline-client", "chat", "--u"]), [""], "an option of another command");
    assertEquals(await offered(client, ["partyline-client", "10.0.0.1", "--pas"]), ["--password-file"]);
    assertEquals(await offered(client, ["partyline-client", "completions", ""]), [...SHELLS]);
    assertEquals(await offered(client, ["partyline-client", "help", "ro"]), ["rooms"]);
    const server = completions(SERVER, ["bash"]);
    assertEquals(await offered(server, ["partyline-server", "ex"]), ["export"]);
    assertEquals(await offered(server, ["partyline-server", "--tls-p"]), ["--tls-port"]);
  },
});

Deno.test("zsh and fish get every command and option, with quotes that end", () => {
  for (const program of [CLIENT, SERVER]) {
    const [zsh, fish] = [completions(program, ["zsh"]), completions(program, ["fish"])];
    for (const { name } of program.options) {
      assert(zsh.includes(`'--${name}[`), name);
      assert(fish.includes(` -l ${name} `), name);
    }
    for (const line of [...zsh.split("\n"), ...fish.split("\n")]) {
      if (line.startsWith("#")) continue;
      assertEquals(line.replaceAll("\\'", "").split("'").length % 2, 1, line);
    }
  }
});

Deno.test("completions for an unknown shell are refused with those there are", () => {
  const refused = (...words: string[]) => assertThrows(() => completions(CLIENT, words), UserError).message;
  assertEquals(refused(), "completions takes one shell (bash, zsh, fish), found nothing");
  assertEquals(refused("csh"), 'completions takes one shell (bash, zsh, fish), found "csh"');
  assertEquals(refused("bash", "zsh"), 'completions takes one shell (bash, zsh, fish), found "bash zsh"');
});

Deno.test("the manual page has every command and option, and no text that roff takes for a request", () => {
  const requests = /^\.(TH|SH|SS|PP|TP|br|B|nf|fi)( |$)/;
  for (const program of [CLIENT, SERVER]) {
    const page = manualPage(program);
    for (const line of page.split("\n")) assert(!/^[.']/.test(line) || requests.test(line), line);
    for (const { name } of program.options) assert(page.includes(`\\-\\-${name.replaceAll("-", "\\-")}`), name);
    for (const { synopsis } of program.commands) {
      for (const form of synopsis) assert(page.includes(form.replaceAll("-", "\\-")), form);
    }
  }
});
