import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { MAILBOX_CLIENT } from "../lib/check/rules/mailbox_client/suite.ts";
import { MAILBOX_SERVER } from "../lib/check/rules/mailbox_server/suite.ts";
import { brokenBy, brokenByFaults, play, played, playedFaults } from "./support/check.ts";

const path = (name: string) => fromFileUrl(new URL(name, import.meta.url));

/** Each fault of the server, and the rules that it breaks; all others hold or are blocked (tests/check/matrix.ts). */
const SERVER_FAULTS: Readonly<Record<string, readonly string[]>> = {
  "accepted-0": ["mailbox/7/10"],
  "ack-unread": ["mailbox/6/4"],
  "acks-forgotten": ["mailbox/7/4"],
  "acks-of-client": ["mailbox/7/14"],
  "acks-piece": ["mailbox/2/1"],
  "after-unread": ["mailbox/7/9"],
  "all-conversations": ["mailbox/7/13"],
  "any-password": ["mailbox/3/16"],
  "asks-password": ["mailbox/3/2"],
  "bits-from-missing": ["mailbox/2/7"],
  "blanks-allowed": ["mailbox/3/10"],
  "bye-leaves-groups": ["mailbox/5/12"],
  "bye-unclosed": ["mailbox/4/9"],
  "close-unread": ["mailbox/2/15"],
  "close-untold": ["mailbox/4/10"],
  "cookie-of-address": ["mailbox/1/5"],
  "cookie-of-number": ["mailbox/1/6"],
  "cookie-unread": ["mailbox/1/4", "mailbox/1/5", "mailbox/1/6"],
  "cursors-untold": ["mailbox/7/8"],
  "cut-at-datagram": ["mailbox/6/10"],
  "data-ack-unread": ["mailbox/2/11"],
  "deaf-console": ["mailbox/9/1"],
  "dies-of-closed-port": ["mailbox/8/4"],
  "dies-of-cut": ["mailbox/1/13"],
  "dies-of-empty": ["mailbox/1/11"],
  "dies-of-kind": ["mailbox/1/12"],
  "dies-of-list": ["mailbox/8/3"],
  "dies-of-number": ["mailbox/8/1"],
  "dies-of-other": ["mailbox/1/10"],
  "dies-of-ten": ["mailbox/8/5"],
  "dies-of-text": ["mailbox/4/13"],
  "dies-of-type": ["mailbox/3/19"],
  "dies-without-type": ["mailbox/8/2"],
  "duplicate-unacked": ["mailbox/2/3"],
  "early-dropped": ["mailbox/2/6", "mailbox/2/7"],
  "fields-counted": ["mailbox/3/18"],
  "first-given": ["mailbox/7/12"],
  "forgets-groups": ["mailbox/9/7"],
  "forgets-keys": ["mailbox/9/6"],
  "forgets-messages": ["mailbox/9/4", "mailbox/9/5"],
  "forgets-users": ["mailbox/9/3"],
  "gap-taken": ["mailbox/6/7"],
  "group-not-kept": ["mailbox/7/6"],
  "group-to-all": ["mailbox/5/7", "mailbox/5/8"],
  "group-to-sender-only": ["mailbox/5/1"],
  "group-unconfirmed": ["mailbox/5/2"],
  "joined-as-they-come": ["mailbox/2/6"],
  "json-by-hand": ["mailbox/6/11"],
  "last-key": ["mailbox/3/5", "mailbox/9/6"],
  "late-receipt-untold": ["mailbox/7/7"],
  "latin-1": ["mailbox/3/13"],
  "leave-stays": ["mailbox/5/8"],
  "listed-twice": ["mailbox/4/11"],
  "little-endian": ["mailbox/1/1"],
  "lobby-alone": ["mailbox/5/6"],
  "long-names": ["mailbox/3/11"],
  "member-twice": ["mailbox/5/11"],
  "missed-twice": ["mailbox/7/2"],
  "name-taken": ["mailbox/3/6"],
  "never-offline": ["mailbox/4/5"],
  "never-opens": ["mailbox/1/2"],
  "new-link-each-open": ["mailbox/1/3"],
  "no-challenge": ["mailbox/3/1"],
  "no-closing": ["mailbox/9/2"],
  "no-live": ["mailbox/4/3"],
  "no-lobby": ["mailbox/4/2"],
  "no-new-groups": ["mailbox/5/4"],
  "no-offline-presence": ["mailbox/4/7"],
  "no-ping": ["mailbox/2/12"],
  "no-presence": ["mailbox/4/6"],
  "no-salt": ["mailbox/3/14"],
  "no-second-hello": ["mailbox/3/8"],
  "no-server-proof": ["mailbox/3/15"],
  "null-proof": ["mailbox/3/17"],
  "numbers-unread": ["mailbox/6/6"],
  "offline-dropped": ["mailbox/7/1"],
  "one-client": ["mailbox/6/12"],
  "one-link": ["mailbox/1/8"],
  "one-nonce": ["mailbox/3/7"],
  "other-port": ["mailbox/1/1"],
  "own-groups-listed": ["mailbox/5/5"],
  "pieces-are-messages": ["mailbox/2/5"],
  "pieces-from-0": ["mailbox/2/2"],
  "pong-of-zeros": ["mailbox/2/8"],
  "pong-without-ref": ["mailbox/4/8"],
  "private-dropped": ["mailbox/6/1"],
  "private-to-all": ["mailbox/6/3"],
  "private-unconfirmed": ["mailbox/6/2"],
  "proof-unread": ["mailbox/3/4"],
  "received-at-once": ["mailbox/6/5"],
  "refused-null": ["mailbox/4/1"],
  "refused-uncounted": ["mailbox/6/9"],
  "refuses-strangers": ["mailbox/3/1", "mailbox/3/2"],
  "reorders": ["mailbox/5/3"],
  "repeats-forever": ["mailbox/2/10", "mailbox/2/11"],
  "sends-once": ["mailbox/2/9"],
  "sent-is-received": ["mailbox/7/5"],
  "session-by-hello": ["mailbox/3/9"],
  "short-hello": ["mailbox/1/7"],
  "sides-apart": ["mailbox/7/11"],
  "slash-names": ["mailbox/3/12"],
  "stays-at-address": ["mailbox/2/14"],
  "takes-over": ["mailbox/2/13"],
  "takes-twice": ["mailbox/2/4"],
  "time-of-giving": ["mailbox/7/3"],
  "unjoined-taken": ["mailbox/5/9"],
  "unknown-dropped": ["mailbox/6/8"],
  "unknown-unanswered": ["mailbox/1/9", "mailbox/2/15"],
  "users-as-they-came": ["mailbox/4/12"],
  "users-without-ref": ["mailbox/4/4"],
  "verifies-wrongly": ["mailbox/3/3"],
  "who-is-everyone": ["mailbox/5/10"],
  "written-at-end": ["mailbox/9/5"],
};

const CLIENT_FAULTS: Readonly<Record<string, readonly string[]>> = {
  "accepted-unread": ["mailbox/16/2"],
  "acks-piece": ["mailbox/12/4"],
  "any-cookie": ["mailbox/11/9"],
  "b-is-text": ["mailbox/14/7"],
  "bits-from-missing": ["mailbox/12/9"],
  "capital-name": ["mailbox/13/1"],
  "chat-to-lobby": ["mailbox/14/5"],
  "cut-at-datagram": ["mailbox/15/12"],
  "dies-of-cut": ["mailbox/12/15"],
  "dies-of-empty": ["mailbox/12/13"],
  "dies-of-kind": ["mailbox/12/14"],
  "dies-of-other": ["mailbox/12/12"],
  "dies-of-type": ["mailbox/13/9"],
  "duplicate-unacked": ["mailbox/12/5"],
  "early-dropped": ["mailbox/12/8", "mailbox/12/9"],
  "ends-with-link": ["mailbox/13/10"],
  "failed-unshown": ["mailbox/15/9"],
  "first-acked": ["mailbox/15/4"],
  "forgotten": ["mailbox/16/1"],
  "group-unshown": ["mailbox/15/2"],
  "hello-once": ["mailbox/11/2"],
  "joined-as-they-come": ["mailbox/12/8"],
  "json-by-hand": ["mailbox/15/13"],
  "link-first": ["mailbox/11/10"],
  "lobby-alone": ["mailbox/14/2"],
  "names-alone": ["mailbox/14/1"],
  "never-gives-up": ["mailbox/11/6"],
  "new-client": ["mailbox/13/11"],
  "new-key": ["mailbox/13/7"],
  "new-number": ["mailbox/11/3"],
  "newest-first": ["mailbox/15/5"],
  "no-after": ["mailbox/16/3"],
  "no-bye": ["mailbox/14/9"],
  "no-join": ["mailbox/14/3"],
  "no-ping": ["mailbox/12/11"],
  "no-stars": ["mailbox/11/7"],
  "no-time": ["mailbox/15/10"],
  "numbers-anew": ["mailbox/14/6"],
  "numbers-from-0": ["mailbox/14/4", "mailbox/14/5"],
  "one-nonce": ["mailbox/13/8"],
  "open-forever": ["mailbox/11/5"],
  "open-once": ["mailbox/11/4"],
  "other-transcript": ["mailbox/13/2"],
  "password-sent": ["mailbox/13/3"],
  "pieces-are-messages": ["mailbox/12/7"],
  "pieces-from-0": ["mailbox/12/1"],
  "pong-of-zeros": ["mailbox/12/10"],
  "private-unshown": ["mailbox/15/1"],
  "r-unasked": ["mailbox/14/8"],
  "received-as-sent": ["mailbox/15/7"],
  "received-at-once": ["mailbox/15/8"],
  "refused-unshown": ["mailbox/13/6"],
  "repeats-forever": ["mailbox/12/3"],
  "rooms-unasked": ["mailbox/14/2"],
  "sends-once": ["mailbox/12/2"],
  "sent-unshown": ["mailbox/15/6"],
  "server-unproven": ["mailbox/13/4"],
  "short-hello": ["mailbox/11/1"],
  "shown-cut": ["mailbox/15/11"],
  "stays": ["mailbox/14/10"],
  "takes-twice": ["mailbox/12/6"],
  "unacked": ["mailbox/15/3"],
  "unconnected": ["mailbox/11/8"],
  "waits-for-messages": ["mailbox/13/5"],
};

const SIDES = [
  {
    suite: MAILBOX_SERVER,
    faults: SERVER_FAULTS,
    program: ["python3", path("check/mailbox_server.py"), "{port}", "{data}", "{users}"],
    // The IM handout is served at the TCP port of the same number: with it comes the file of users.
    ours: [path("../server.ts"), "{port}", "{users}", "--mailbox", "{port}", "--host", "127.0.0.1", "--data", "{data}"],
  },
  {
    suite: MAILBOX_CLIENT,
    faults: CLIENT_FAULTS,
    program: ["python3", path("check/mailbox_client.py"), "{host}", "{port}", "{data}"],
    ours: [path("../client.ts"), "mailbox", "{host}", "{port}", "--data", "{data}"],
  },
] as const;

for (const { suite, faults, program, ours } of SIDES) {
  Deno.test(`every rule for ${suite.title} is broken by some fault, but for those that are open`, () => {
    const tripped = new Set(Object.values(faults).flat());
    const never = suite.rules.filter(({ id, level }) => level !== "open" && !tripped.has(id)).map(({ id }) => id);
    assertEquals(never, []);
  });

  Deno.test(`each fault of ${suite.title} is found by the rules that name it`, async () => {
    const expected = playedFaults<readonly string[]>(faults);
    assertEquals(await brokenByFaults(suite, program, expected), { ...expected });
  });

  for (const network of ["none", "slow", "lossy"] as const) {
    Deno.test(`Partyline keeps every rule for ${suite.title} strictly, with the network ${network}`, async () => {
      const command = [Deno.execPath(), "run", "-A", ...ours];
      const rules = played(played(suite.rules));
      assertEquals(
        brokenBy(await play(suite, command, { strict: true, network, jobs: 4, playsNeeded: false }, rules)),
        [],
      );
    });
  }

  Deno.test(`a right program keeps every rule for ${suite.title} strictly`, async () => {
    assertEquals(
      brokenBy(await play(suite, program, { strict: true, playsNeeded: false }, played(played(suite.rules)))),
      [],
    );
  });
}
