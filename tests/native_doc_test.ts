import { assertEquals } from "@std/assert";
import { decodeBase64 } from "@std/encoding/base64";
import { dirname, fromFileUrl, join } from "@std/path";
import { CLIENT_MESSAGES, SERVER_MESSAGES } from "../lib/protocols/native/messages.ts";
import { Passwords } from "../lib/store/passwords.ts";
import { authMessage, passwordProof } from "../lib/store/proofs.ts";
import { transcriptOf } from "./support/doc_transcript.ts";
import { StoringServer } from "./support/native.ts";
import { Folder } from "./support/programs.ts";
import { USERS } from "./support/test_server.ts";

const DOCS = join(dirname(fromFileUrl(import.meta.url)), "..", "docs", "protocols");
const native = Deno.readTextFileSync(join(DOCS, "native.md"));
const mailbox = Deno.readTextFileSync(join(DOCS, "mailbox.md"));

/** The fields that each message has by the documents, by side and type. */
function documented(): Map<string, string[]> {
  const rows = new Map<string, string[]>();
  for (const [, side, types, fields] of `${native}\n${mailbox}`.matchAll(/^\| ([cs]) +\| (`.*?) +\| (.*?) +\|/gm)) {
    for (const [, type] of types!.matchAll(/`(\w+)`/g)) {
      rows.set(`${side} ${type}`, Array.from(fields!.matchAll(/`(\w+)`/g), ([, name]) => name!));
    }
  }
  return rows;
}

Deno.test("the documents name every message of the protocol, and every field of each", () => {
  const rows = documented();
  const missing: string[] = [];
  for (const [side, table] of [["c", CLIENT_MESSAGES], ["s", SERVER_MESSAGES]] as const) {
    for (const [type, shape] of Object.entries(table)) {
      const fields = rows.get(`${side} ${type}`);
      if (!fields) missing.push(`${side} ${type}`);
      // Where something is said: a user or a room.
      for (const field of Object.keys(shape)) {
        const names = field === "of" ? ["of", "with"] : [field];
        if (fields && !names.some((name) => fields.includes(name))) missing.push(`${side} ${type}.${field}`);
      }
      rows.delete(`${side} ${type}`);
    }
  }
  assertEquals([missing, [...rows.keys()]], [[], []]);
});

Deno.test("the session in the document happens as it is written", async () => {
  using folder = new Folder();
  await using server = await StoringServer.open({ passwordsIn: folder.write("users.txt", USERS) });
  const written = /```transcript\n([^]*?)```/.exec(native)![1]!.trimEnd().split("\n");
  assertEquals((await transcriptOf(server, written)).map(withoutChance), written.map(withoutChance));
});

/** A line without what is another in each run. */
function withoutChance(line: string): string {
  return line.replace(/"time":\d+/g, '"time":0').replace(/"store":"\w+"/g, '"store":""').replace(
    /\/port \d+/,
    "/port 1",
  );
}

Deno.test("the proofs in the document prove its password", async () => {
  const lines = Array.from(mailbox.matchAll(/^ +[CS]→[CS] +({.*})$/gm), ([, json]) => JSON.parse(json!));
  const [hello, challenge, proof, welcome] = lines;
  const derivation = { salt: decodeBase64(challenge.salt), logN: challenge.ln, r: challenge.r, p: challenge.p };
  const key = await new Passwords(1).deriveKey("12345", { ...derivation, keyBytes: challenge.bytes });
  const message = authMessage(hello.name, hello.nonce, decodeBase64(challenge.nonce), derivation.salt);
  const { client, server } = passwordProof(key, message);
  assertEquals([client, server], [decodeBase64(proof.proof), decodeBase64(welcome.proof)]);
});
