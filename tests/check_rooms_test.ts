import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { ROOMS_CLIENT } from "../lib/check/rules/rooms_client/suite.ts";
import { ROOMS_SERVER } from "../lib/check/rules/rooms_server/suite.ts";
import { brokenBy, play, played, playedNetworks } from "./support/check.ts";
import { type Faults, playFaults, untripped } from "./support/check_faults.ts";

const SERVER = "tests/check/rooms_server.py";
const CLIENT = "tests/check/rooms_client.py";
const path = (name: string) => fromFileUrl(new URL(name, import.meta.url));

const SERVER_FAULTS: Faults = {
  "other-port": "rooms/1/1",
  "no-greeting": "rooms/1/2",
  "one-recv": "rooms/1/2",
  "greets-otherwise": "rooms/1/3",
  "never-new": "rooms/1/3",
  "always-new": "rooms/1/4",
  "one-at-a-time": "rooms/1/5",
  "one-list": "rooms/1/6",
  "greets-after-name": "rooms/1/7",
  "reads-name-in-the-loop": "rooms/1/8",
  "room-under-lock": "rooms/1/9",
  "prints-only": "rooms/2/1",
  "no-name": "rooms/2/2",
  "colon-form": "rooms/2/2",
  "waits-for-newline": "rooms/2/3",
  "echo": "rooms/2/4",
  "stops-at-sender": "rooms/2/5",
  "to-all-rooms": "rooms/2/6",
  "first-alone-is-heard": "rooms/2/7",
  "one-text": "rooms/2/8",
  "a-thread-a-text": "rooms/2/8",
  "texts-at-once": "rooms/2/9",
  "ascii": "rooms/2/10",
  "collapses-spaces": "rooms/2/11",
  "file-by-beginning": "rooms/2/12",
  "short-recv": "rooms/2/13",
  "commands": "rooms/2/14",
  "quit-is-command": "rooms/2/14",
  "lists-rooms": "rooms/2/15",
  "file-is-text": "rooms/3/1",
  "files-dropped": "rooms/3/1",
  "glues-name": "rooms/3/2",
  "glues-size": "rooms/3/3",
  "name-without-client": "rooms/3/3",
  "glues-sender": "rooms/3/4",
  "size-in-hex": "rooms/3/4",
  "glues-bytes": "rooms/3/5",
  "without-sender": "rooms/3/5",
  "decodes-bytes": "rooms/3/6",
  "line-end-after-file": "rooms/3/7",
  "one-recv-more": "rooms/3/7",
  "echoes-file": "rooms/3/8",
  "file-to-one": "rooms/3/9",
  "file-to-all-rooms": "rooms/3/10",
  "empty-waits": "rooms/4/1",
  "one-chunk": "rooms/4/2",
  "silence-ends-file": "rooms/4/3",
  "looks-into-files": "rooms/4/4",
  "interleaves": "rooms/4/5",
  "no-pause-after-file": "rooms/4/6",
  "files-cross": "rooms/4/7",
  "one-file": "rooms/4/8",
  "deaf-receiver": "rooms/4/9",
  "ascii-names": "rooms/4/10",
  "names-end-at-spaces": "rooms/4/10",
  "paths-are-kept": "rooms/4/11",
  "hidden-stay-hidden": "rooms/4/12",
  "controls-are-kept": "rooms/4/13",
  "end-ends-all": "rooms/5/1",
  "gone-stay": "rooms/5/2",
  "end-is-not-answered": "rooms/5/3",
  "names-are-kept": "rooms/5/4",
  "end-first": "rooms/5/5",
  "dies-of-half-file": "rooms/5/6",
  "one-after-the-other": "rooms/5/7",
  "twenty-visits": "rooms/5/8",
  "dies-of-bytes": "rooms/5/9",
  "dies-of-size": "rooms/5/10",
  "dies-without-room": "rooms/5/11",
  "ends-with-the-last": "rooms/5/12",
  "prints-no-port": "rooms/6/1",
  "prints-no-connection": "rooms/6/2",
  "prints-no-address": "rooms/6/2",
  "prints-no-size": "rooms/6/3",
  "prints-no-sent": "rooms/6/4",
};

const CLIENT_FAULTS: Faults = {
  "no-connection": "rooms/11/1",
  "room-first": "rooms/11/2",
  "glues-login": "rooms/11/3",
  "no-room": "rooms/11/3",
  "newline-login": "rooms/11/4",
  "speaks-first": "rooms/11/5",
  "greeting-hidden": "rooms/12/1",
  "keyboard-first": "rooms/12/1",
  "alternates": "rooms/12/2",
  "first-texts-alone": "rooms/12/3",
  "deaf-after-typing": "rooms/12/4",
  "drops-other-forms": "rooms/12/5",
  "ascii-screen": "rooms/12/6",
  "dies-of-bytes": "rooms/12/7",
  "first-line-alone": "rooms/12/8",
  "shows-again": "rooms/12/9",
  "short-recv": "rooms/12/10",
  "prints-only": "rooms/13/1",
  "name-before-text": "rooms/13/2",
  "first-typed-alone": "rooms/13/3",
  "no-pause": "rooms/13/4",
  "collapses-spaces": "rooms/13/5",
  "ascii": "rooms/13/6",
  "cuts-long-lines": "rooms/13/7",
  "sends-back": "rooms/13/8",
  "send-is-text": "rooms/14/1",
  "glues-name": "rooms/14/2",
  "file-with-newline": "rooms/14/2",
  "sends-path": "rooms/14/3",
  "without-client": "rooms/14/3",
  "glues-size": "rooms/14/3",
  "glues-bytes": "rooms/14/4",
  "size-in-hex": "rooms/14/4",
  "text-mode": "rooms/14/5",
  "half-a-file": "rooms/14/6",
  "empty-is-missing": "rooms/14/7",
  "file-in-a-thread": "rooms/14/8",
  "one-file": "rooms/14/9",
  "sent-unsaid": "rooms/14/10",
  "announces-missing": "rooms/14/11",
  "dies-of-missing": "rooms/14/11",
  "files-are-texts": "rooms/15/1",
  "received-unsaid": "rooms/15/1",
  "sender-unsaid": "rooms/15/1",
  "decodes-received": "rooms/15/2",
  "empty-waits": "rooms/15/3",
  "one-recv": "rooms/15/4",
  "silence-ends-file": "rooms/15/5",
  "one-recv-more": "rooms/15/6",
  "one-received": "rooms/15/7",
  "paths-are-kept": "rooms/15/8",
  "overwrites": "rooms/15/9",
  "dies-of-size": "rooms/15/10",
  "end-of-input-ignored": "rooms/16/1",
  "end-of-input-is-error": "rooms/16/2",
  "waits-forever": "rooms/16/2",
  "ends-at-once": "rooms/16/3",
  "file-ends-with-input": "rooms/16/4",
  "server-end-ignored": "rooms/16/5",
  "end-first": "rooms/16/6",
};

const SIDES = [
  {
    suite: ROOMS_SERVER,
    faults: SERVER_FAULTS,
    program: SERVER,
    args: ["{host}", "{port}"],
    ours: [path("../server.ts"), "--rooms", "{port}", "--host", "127.0.0.1", "--data", "{data}"],
  },
  {
    suite: ROOMS_CLIENT,
    faults: CLIENT_FAULTS,
    program: CLIENT,
    args: ["{host}", "{port}", "{name}", "{room}", "{data}"],
    ours: [
      ...[path("../client.ts"), "rooms", "{host}", "{port}", "--name", "{name}", "--room", "{room}"],
      ...["--downloads", "{data}", "--auto-accept"],
    ],
  },
];
// None of them has an account: users.txt of the repository is read by our server.
const accounts = ["prince", "ama", "kofi", "esi", "yaw", "efua"].map((name) => ({ name, password: "" }));
// Silence parts what is said, so that a network which cuts does not apply.
const NETWORKS = playedNetworks(["none", "slow"] as const);

for (const { suite, faults, program, args, ours } of SIDES) {
  Deno.test(`each fault of ${suite.title} is found by the rules that name it`, async () => {
    await playFaults(suite, program, faults, { oneIn: 33, atATime: 4, jobs: 3, given: args });
  });

  Deno.test(`every rule for ${suite.title} is broken by some fault`, () => {
    assertEquals(untripped(suite, faults), []);
  });

  for (const network of NETWORKS) {
    const options = { strict: true, network, accounts };

    Deno.test(`a right program keeps every rule for ${suite.title} strictly, with the network ${network}`, async () => {
      assertEquals(
        brokenBy(await play(suite, ["python3", program, ...args], { ...options, jobs: 24 }, played(suite.rules))),
        [],
      );
    });

    Deno.test(`Partyline keeps every rule for ${suite.title} strictly, with the network ${network}`, async () => {
      const command = [Deno.execPath(), "run", "-A", ...ours];
      const rules = network === "none" ? played(suite.rules) : played(played(suite.rules));
      assertEquals(brokenBy(await play(suite, command, { ...options, jobs: 12 }, rules)), []);
    });
  }
}
