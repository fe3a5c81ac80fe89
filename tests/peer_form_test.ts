import { assertEquals } from "@std/assert";
import { parseClientArgs, type PeerPlan } from "../lib/client/command_line.ts";
import { PeerForm, type PeerStart } from "../lib/client/peer_form.ts";
import { isFreeUdpPort } from "../lib/net/free_port.ts";

const NOTHING: PeerStart = { name: "", udp: 0, table: undefined };
const ALL = ["name", "udp", "table"] as const;

/** Answers each question; the questions, and after each answer the rule that it breaks. */
function filled(form: PeerForm, ...answers: readonly string[]): string[] {
  return answers.flatMap((answer) => {
    const { question } = form;
    const why = form.answer(answer);
    return [question ?? "nothing", ...(why === undefined ? [] : [why])];
  });
}

Deno.test("a peer at a terminal is asked for its name, its UDP port and the server, one after the other", () => {
  const taken = new Set([3001, 3002]);
  const form = new PeerForm(ALL, NOTHING, (port) => !taken.has(port));
  assertEquals(filled(form, "alice", "", ""), [
    "User name: ",
    "UDP port [3003]: ",
    "Server IP (empty: no table, by multicast only): ",
  ]);
  assertEquals(form.question, undefined);
  assertEquals(form.start, { name: "alice", udp: 3003, table: undefined });
});

Deno.test("an answer that breaks a rule is asked for again", () => {
  const form = new PeerForm(ALL, NOTHING, (port) => port !== 3001 && port !== 80);
  const name = 'a name is 1 to 64 bytes without blanks, "@" and characters that are not seen';
  const port = "UDP port [3002]: ";
  const server = "Server IP (empty: no table, by multicast only): ";
  assertEquals(filled(form, "", "al ice", " alice ", "many", "80", "4000", "a b c", "a 0", "10.0.0.1:3002"), [
    ...["User name: ", name, "User name: ", name, "User name: "],
    ...[port, 'the UDP port must be a whole number from 0 to 65535, not "many"'],
    ...[port, "UDP port 80 cannot be taken; 3002 is free", port],
    ...[server, 'expected HOST or HOST PORT, found "a b c"'],
    ...[server, 'the port must be a whole number from 1 to 65535, not "0"', server],
  ]);
  assertEquals(form.start, { name: "alice", udp: 4000, table: { host: "10.0.0.1", port: 3002 } });
});

Deno.test("what the command line has is not asked for", () => {
  const form = new PeerForm(["table"], { ...NOTHING, name: "bob", udp: 4001 }, () => true);
  filled(form, "lab-pc3");
  assertEquals(form.start, { name: "bob", udp: 4001, table: { host: "lab-pc3", port: 2002 } });
  const asked = (line: string) => (parseClientArgs(line.split(" "), true) as PeerPlan).asked;
  assertEquals(asked("peer"), ALL);
  assertEquals(asked("peer --udp 3001"), ["name", "table"]);
  assertEquals(asked("peer 10.0.0.1"), ["name", "udp"]);
  assertEquals(asked("peer --name bob"), [], "complete: any free port, and peers by multicast");
  assertEquals(asked("peer 10.0.0.1 --name bob"), []);
});

Deno.test("the port that is offered is the first free one from 3001 to 5000, then from 2000, and never one in use", () => {
  const offered = (isFree: (port: number) => boolean) => {
    const form = new PeerForm(["udp"], NOTHING, isFree);
    form.answer("");
    return form.start.udp;
  };
  assertEquals(offered((port) => port > 4998), 4999);
  assertEquals(offered((port) => port < 3000 && port > 2000), 2001);
  assertEquals(offered((port) => port === 0), 0);
  const taken = Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port: 0 });
  assertEquals(isFreeUdpPort((taken.addr as Deno.NetAddr).port), false);
  taken.close();
  assertEquals(isFreeUdpPort(0), true);
});

Deno.test("a form takes its answers together, up to the first that breaks a rule", () => {
  const fill = (answers: Record<keyof PeerStart, string>) => {
    const form = new PeerForm(ALL, NOTHING, (port) => port === 0 || port === 3005);
    return form.fill(answers) ?? form.start;
  };
  const right = { name: "alice", udp: "", table: "10.0.0.7 2222" };
  assertEquals(fill(right), { name: "alice", udp: 3005, table: { host: "10.0.0.7", port: 2222 } });
  assertEquals(fill({ ...right, udp: "3001", table: "a b c" }), {
    field: "udp",
    why: "UDP port 3001 cannot be taken; 3005 is free",
  });
});

Deno.test("with a page the form is there, so a script needs no --name", () => {
  const asked = (line: string) => (parseClientArgs(line.split(" "), false) as PeerPlan).asked;
  assertEquals(asked("peer --page"), ALL);
  assertEquals(asked("peer 10.0.0.1 --page --udp 3001 --table-refresh 5"), ["name"]);
  assertEquals(asked("peer --page --name alice"), [], "without a terminal");
});
