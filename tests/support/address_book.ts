import { Accounts } from "../../lib/chat/accounts.ts";
import { type Limits, limits } from "../../lib/core/limits.ts";
import { decodeLossy, encodeText } from "../../lib/core/text.ts";
import { Directory, type DirectoryChange, type DirectoryOutput } from "../../lib/protocols/directory/directory.ts";
import type { ReplyForm } from "../../lib/protocols/directory/listing.ts";
import { DirectorySession } from "../../lib/protocols/directory/server.ts";
import type { SessionOutput } from "../../lib/protocols/session.ts";
import { openServer, type Server } from "../../lib/server/server.ts";
import { drained } from "./drained.ts";
import { Folder } from "./programs.ts";
import { Wire } from "./wire.ts";

/** An address book with a clock moved by the test, and its log, the lines that show the table apart. */
export function book(given: Partial<Limits> = {}, form: ReplyForm = "text") {
  const told: string[] = [];
  const tables: string[] = [];
  const changes: DirectoryChange[] = [];
  const bounds = limits(given);
  const note = (text: string) => void (text.startsWith("the client address table ") ? tables : told).push(text);
  const directory = drained(new Directory(bounds), (output: DirectoryOutput) => {
    if (output.type === "log") note(output.text);
    else changes.push(output.change);
  });
  /** A visit: the machine, its outputs and its log lines. */
  const visit = (hostname: string, now = 0) => {
    const done: string[] = [];
    const facts = { peer: { hostname, port: 40_000 }, registers: false };
    const machine = drained(new DirectorySession(facts, directory, bounds, now, form), (output: SessionOutput) => {
      if (output.type === "write") done.push(decodeLossy(output.bytes));
      else if (output.type === "log") note(output.text);
      else if (output.type !== "request") done.push(output.type);
    });
    const say = (text: string, at = now) => machine.receive(0, encodeText(text), at);
    return { machine, done, say };
  };
  /** A complete visit: request and answer. */
  const ask = (hostname: string, text: string, now = 0) => {
    const { machine, done, say } = visit(hostname, now);
    say(text);
    machine.closed(0, "finished", now);
    return done.join(" ");
  };
  return { directory, told, tables, changes, visit, ask };
}

/** A server with nothing but an address book, on a free port of this machine. */
export class AddressBookServer {
  private constructor(readonly instance: Server, readonly folder: Folder, readonly traced: string[]) {}

  static async open(given: Partial<Limits> = {}, host = "127.0.0.1"): Promise<AddressBookServer> {
    const folder = new Folder();
    const traced: string[] = [];
    const listeners = { "address-book": 0 };
    const plan = { host, listeners, data: folder.path, trace: true, limits: limits(given) };
    const instance = await openServer(plan, new Accounts(new Map()), (line) => traced.push(line));
    return new AddressBookServer(instance, folder, traced);
  }

  get port(): number {
    return this.instance.listeners[0]!.port;
  }

  get log(): string {
    return this.folder.read("address-book.log");
  }

  /** One send, then reads until the connection closes, as the handout says. */
  async visit(text: string, hostname = "127.0.0.1"): Promise<string> {
    using wire = await Wire.connect(this.port, hostname);
    await wire.send(text);
    return await wire.rest();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.instance.stop();
    this.folder[Symbol.dispose]();
  }
}
