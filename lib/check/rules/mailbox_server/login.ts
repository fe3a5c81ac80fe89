import { ABSENT, aNumber, json } from "../../json_shape.ts";
import { prepares, type Rule, rule } from "../../rule.ts";
import { expect, expectText, makeKey, prove, type Script } from "../../step.ts";
import { challenged, comes, gets, getsLater, hello, leaves, linked, says, triesNameOf, welcomed } from "./prepare.ts";

const OWNED = "belongs to the first client that uses it";
const NAMES = "A name has 1 to 32 letters, digits, marks or signs, no blanks, and does not begin with `/` or `#`.";
const BY_PASSWORD = "An account of the users file is proven by its password, which is never sent";
const WRONG = "A".repeat(86);

/** A name that is no name is refused, after hello or after the proof. */
const refusedName = (name: string): Script => [
  linked("jacky"),
  makeKey("jacky"),
  says("jacky", { ...hello("jacky"), name }),
  gets("jacky", { type: /^(refused|error)$/ }),
];

/** Section 3: `hello`, `challenge`, `proof`, `welcome`. */
export const LOGIN: readonly Rule[] = [
  rule("mailbox/3/1", {
    title: "hello is answered with a challenge",
    quote: "`hello` … `challenge` `how`, `nonce`",
    why: "a name has to be proven",
    cause: "the answer has another type, or the object is no JSON",
    points: 2,
    script: [
      linked("jacky"),
      makeKey("jacky"),
      says("jacky", hello("jacky")),
      gets("jacky", { type: "challenge", how: /^(key|password)$/, nonce: /./ }),
    ],
  }),
  rule("mailbox/3/2", {
    title: "a name that is no account is challenged by its key",
    quote: "**Any other name** belongs to the first client that uses it",
    why: "a user who was never there has no password",
    cause: "a name that is not in the file is refused, or asked for a password",
    points: 2,
    script: [
      linked("jacky"),
      makeKey("jacky"),
      says("jacky", hello("jacky")),
      gets("jacky", { type: "challenge", how: "key" }),
    ],
  }),
  rule("mailbox/3/3", {
    title: "the first client of a name is welcomed with it",
    quote: "the first contact of a user name registers it",
    why: "nobody needs to be asked for an account",
    cause: "the signature is checked over other bytes, or compared as text",
    points: 2,
    script: [
      linked("jacky"),
      challenged("jacky"),
      prove("jacky"),
      says("jacky", { type: "proof", proof: "{jacky.proof}" }),
      gets("jacky", { type: "welcome", version: 2, name: "{jacky}" }),
    ],
  }),
  rule("mailbox/3/4", {
    title: "a proof that is none is refused",
    quote: "`proof` is the Ed25519 signature of the transcript under `key`",
    why: "everyone could speak in everyone's name",
    cause: "the proof is not looked at",
    points: 2,
    script: [
      linked("jacky"),
      challenged("jacky"),
      says("jacky", { type: "proof", proof: WRONG }),
      gets("jacky", { type: "refused", why: /./ }),
    ],
  }),
  rule("mailbox/3/5", {
    title: "a name that has a key is refused to any other key",
    quote: "from then on only that key opens that name",
    why: "the name is the user's, also while they are away",
    cause: "the key of the last hello is stored over the first one",
    points: 2,
    after: ["mailbox/3/3", "mailbox/4/9"],
    script: [
      comes("jacky"),
      leaves("jacky"),
      linked("bob"),
      triesNameOf("bob", "jacky"),
    ],
  }),
  rule("mailbox/3/6", {
    title: "the key that the name belongs to opens it again",
    quote: OWNED,
    why: "a user comes back",
    cause: "a name that was seen before is refused",
    points: 2,
    after: ["mailbox/3/3", "mailbox/4/9"],
    script: [
      comes("jacky"),
      leaves("jacky"),
      linked("jacky", "La2"),
      challenged("jacky", "La2"),
      prove("jacky"),
      says("jacky", { type: "proof", proof: "{jacky.proof}" }, "La2"),
      gets("jacky", { type: "welcome", name: "{jacky}" }, "La2"),
    ],
  }),
  rule("mailbox/3/7", {
    title: "each challenge has a nonce of its own",
    quote: "A proof covers this transcript … the client's nonce, the server's nonce",
    why: "a proof that was overheard would open the name again",
    cause: "the nonce is made once when the server starts",
    points: 2,
    script: [
      linked("jacky"),
      makeKey("jacky"),
      says("jacky", hello("jacky")),
      gets("jacky", { type: "challenge", nonce: /^(?<first>.+)$/ }),
      linked("bob"),
      makeKey("bob"),
      says("bob", hello("bob")),
      gets("bob", { type: "challenge", nonce: /^(?!{first}$)/ }),
    ],
  }),
  rule("mailbox/3/8", {
    title: "after a refusal hello may be sent again",
    quote: "the client may send `hello` again",
    why: "a typed name or password may be wrong",
    cause: "the link is closed, or waits for a proof forever",
    after: ["mailbox/3/4"],
    script: [
      linked("jacky"),
      challenged("jacky"),
      says("jacky", { type: "proof", proof: WRONG }),
      prepares("mailbox/3/4", [gets("jacky", { type: "refused" })]),
      challenged("jacky"),
      prove("jacky"),
      says("jacky", { type: "proof", proof: "{jacky.proof}" }),
      gets("jacky", { type: "welcome" }),
    ],
  }),
  rule("mailbox/3/9", {
    title: "before the welcome no session begins",
    quote: "Before `resume` a client names itself and proves its identity.",
    why: "a stranger could read what is for others",
    cause: "each request is answered by the name of hello",
    points: 2,
    script: [
      linked("jacky"),
      challenged("jacky"),
      says("jacky", { type: "resume", client: "La1", answered: 0 }),
      gets("jacky", { type: "error" }),
    ],
  }),
  ...[
    ["10", "a name with a blank", "the name is not looked at", "two words"],
    ["11", "a name of more than 32 characters", "the length is not looked at", "n".repeat(33)],
    ["12", "a name that begins with a slash", "the name is taken for a command by others", "/{jacky}"],
  ].map(([number, what, cause, name]) =>
    rule(`mailbox/3/${number}`, {
      title: `${what} is refused`,
      quote: NAMES,
      why: "JOIN and CHAT take one word, and lists have one line a name",
      cause: cause!,
      after: ["mailbox/3/1"],
      script: [refusedName(name!)],
    })
  ),
  rule("mailbox/3/13", {
    title: "names outside of ASCII are names like others",
    quote: NAMES,
    why: "not everyone's name is written in ASCII",
    cause: "the transcript is encoded as Latin-1",
    after: ["mailbox/3/3"],
    script: [
      linked("jacky"),
      makeKey("jacky"),
      says("jacky", { ...hello("jacky"), name: "Zo\u00eb{jacky}" }),
      expect("jacky La", json({ type: "challenge" }), { keep: "challenge" }),
      prove("jacky", "{challenge}", "Zo\u00eb{jacky}"),
      says("jacky", { type: "proof", proof: "{jacky.proof}" }),
      gets("jacky", { type: "welcome", name: "Zo\u00eb{jacky}" }),
    ],
  }),
  rule("mailbox/3/14", {
    title: "an account is challenged by its password, with what scrypt needs",
    quote: "`how` is `password`, with the fields in parentheses, or `key`",
    why: "the client computes its proof from them",
    cause: "the salt is left out, or is not base64",
    after: ["mailbox/3/1"],
    script: [
      linked("account"),
      makeKey("account"),
      says("account", hello("account")),
      gets("account", {
        ...{ type: "challenge", how: "password", nonce: /./, salt: /^[A-Za-z0-9+/]+$/ },
        ...{ ln: aNumber(), r: aNumber(), p: aNumber(), bytes: aNumber() },
      }),
    ],
  }),
  rule("mailbox/3/15", {
    title: "an account is welcomed by its password, and the server proves that it knows it",
    quote: "which a server that does not know the password cannot compute",
    why: "a false server would be talked to",
    cause: "the server's proof is computed with the client's key, or left out",
    points: 2,
    after: ["mailbox/3/14"],
    script: [
      linked("account"),
      challenged("account"),
      prove("account"),
      says("account", { type: "proof", proof: "{account.proof}" }),
      expect("account La", json({ type: "welcome", name: "{account}", proof: "{account.expected}" }), { more: 4000 }),
    ],
  }),
  rule("mailbox/3/16", {
    title: "an account is refused with a wrong password",
    quote: BY_PASSWORD,
    why: "the name is the account's",
    cause: "the proof of an account is not looked at",
    points: 2,
    after: ["mailbox/3/14"],
    script: [
      linked("account"),
      challenged("account"),
      says("account", { type: "proof", proof: WRONG.slice(0, 43) }),
      expectText("account La", json({ type: "refused" }), { more: 4000 }),
    ],
  }),
  rule("mailbox/3/17", {
    title: "a welcome by key has no proof",
    quote: "With a key the challenge is … and `welcome` has no `proof`.",
    why: "there is nothing that the server could prove",
    cause: "the field is there, and null",
    level: "should",
    after: ["mailbox/3/3"],
    script: [
      linked("jacky"),
      challenged("jacky"),
      prove("jacky"),
      says("jacky", { type: "proof", proof: "{jacky.proof}" }),
      gets("jacky", { type: "welcome", proof: ABSENT }),
    ],
  }),
  rule("mailbox/3/18", {
    title: "unknown fields do no harm",
    quote: "Unknown fields and types are ignored, so that later versions can add to them.",
    why: "a newer client has more to say",
    cause: "the object is compared with a list of fields",
    after: ["mailbox/4/1"],
    script: [
      welcomed("jacky"),
      says("jacky", { type: "resume", client: "La1", answered: 0, colour: "green" }),
      gets("jacky", { type: "begun" }),
    ],
  }),
  rule("mailbox/3/19", {
    title: "an unknown type changes nothing",
    quote: "Unknown fields and types are ignored, so that later versions can add to them.",
    why: "a newer client has more to say",
    cause: "a dictionary of the types throws",
    after: ["mailbox/4/1"],
    script: [
      welcomed("jacky"),
      says("jacky", { type: "hum", tune: "{text}" }),
      says("jacky", { type: "resume", client: "La1", answered: 0 }),
      getsLater("jacky", { type: "begun" }),
    ],
  }),
];
