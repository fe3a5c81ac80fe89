import { RateLimiters } from "../core/limiters.ts";
import type { Limits } from "../core/limits.ts";
import { Outputs } from "../core/machine.ts";
import type { Accounts } from "./accounts.ts";
import { Attendance } from "./attendance.ts";
import { Authentication } from "./authentication.ts";
import { ClientMessages } from "./client_messages.ts";
import type { Randomness } from "./credentials.ts";
import { Delivery } from "./delivery.ts";
import type { Effect } from "./effect.ts";
import type { SessionId } from "./event.ts";
import { Guests } from "./guests.ts";
import { LiveMessages } from "./live_messages.ts";
import { RecentLog } from "./log.ts";
import { LogWriter } from "./log_writer.ts";
import { Maintenance } from "./maintenance.ts";
import { Memberships } from "./memberships.ts";
import { NativeCommands } from "./native_commands.ts";
import { Operator } from "./operator.ts";
import { Permissions } from "./permissions.ts";
import { PresenceUpdates } from "./presence.ts";
import { Queries } from "./queries.ts";
import { Questions } from "./questions.ts";
import { Registry } from "./registry.ts";
import { Roster } from "./roster.ts";
import { SharedChat } from "./shared_chat.ts";
import type { Snapshot } from "./snapshot.ts";
import { Tally } from "./tally.ts";
import { Tickets } from "./tickets.ts";
import { OnlineUsers } from "./online_users.ts";
import type { Session } from "./users.ts";

/** Options of a hub, besides its accounts and limits. */
export interface HubOptions {
  /** The contents of the store. Without a store nothing is kept, and native clients are refused. */
  readonly snapshot: Snapshot;
  readonly randomness: Randomness;
  /** Whether users may create accounts. */
  readonly registers?: boolean;
  /** Whether users may change their passwords. */
  readonly changesPasswords?: boolean;
  /** Whether guests may log in, with a name that no account has; a key holds it. */
  readonly guests?: boolean;
  /** Whether the chat is shared with other servers: effects of the type `exchange` are for them. */
  readonly shares?: boolean;
}

const EMPTY = { id: "", last: 0, time: 0, searches: false, users: [], rooms: [], pairs: [], producers: [] };

/** The parts of a hub, each constructed with the parts that it uses. */
export class HubParts {
  readonly tally: Tally = new Tally();
  readonly outputs = new Outputs<Effect>();
  readonly online = new OnlineUsers();
  readonly presence = new PresenceUpdates(this.online);
  readonly roster: Roster;
  readonly writer: LogWriter;
  readonly questions: Questions;
  readonly delivery: Delivery;
  readonly registry: Registry;
  /** Undefined where the chat is on this server alone. */
  readonly shared: SharedChat | undefined;
  readonly permissions: Permissions;
  readonly messages: ClientMessages;
  readonly attendance: Attendance;
  readonly guests: Guests;
  readonly live: LiveMessages;
  readonly operator: Operator;
  readonly tickets: Tickets;
  readonly authentication: Authentication;
  /** Undefined without a store. */
  readonly natives: NativeCommands | undefined;
  readonly maintenance: Maintenance | undefined;
  /** Where files can be left over HTTP, such as "http:2080"; undefined where they cannot. */
  filesAt: string | undefined;

  constructor(
    accounts: Accounts,
    limits: Limits,
    options: HubOptions | undefined,
    session: (id: SessionId) => Session | undefined,
  ) {
    const snapshot = options?.snapshot;
    const stores = snapshot !== undefined;
    const start = snapshot ?? EMPTY;
    const { outputs, online, presence, tally } = this;
    const roster = this.roster = new Roster(start);
    const log = new RecentLog(start.last, limits.logBytes);
    const writer = this.writer = new LogWriter(roster, outputs, start);
    const questions = this.questions = new Questions(outputs);
    const base = { outputs, online, presence, tally, roster, log, writer, questions, limits, session };
    const delivery = this.delivery = new Delivery(base);
    const registry = this.registry = new Registry(accounts, {
      ...base,
      delivery,
      held: () => this.shared?.names.held ?? [],
      registered: (name, key) => this.shared?.registered(name, key),
    });
    const shared = this.shared = options?.shares
      ? new SharedChat({
        ...base,
        delivery,
        registry,
        snapshot: options.snapshot,
        refused: (producer, number, why) => this.messages.refuse(producer, number, why),
        endUser: (name, why) => void this.operator.endUser(name, why),
        endGuestsLike: (names, why) => this.operator.endGuestsLike(names, why),
        admit: (session, name, proof, now) => this.attendance.admit(session, name, proof, now),
      })
      : undefined;
    const sharing = shared?.sharing;
    const permissions = this.permissions = new Permissions({ ...base, registry });
    const messages = this.messages = new ClientMessages({ ...base, delivery, permissions, sharing, store: start.id });
    const keepsLobby = sharing !== undefined || start.users.some(({ registered }) => registered);
    const attendance = this.attendance = new Attendance({ ...base, delivery, registry, shared }, keepsLobby);
    const attempts = new RateLimiters(limits.attemptBurst, limits.attemptsPerMinute / 60, limits.failureEntries);
    const tickets = this.tickets = new Tickets((count) => options?.randomness.bytes(count) ?? new Uint8Array(0));
    const parts = {
      ...base,
      ...{ delivery, registry, shared, sharing, permissions, messages, attendance, attempts, tickets, stores },
      keepsLobby: () => attendance.keepsLobby,
    };
    this.operator = new Operator(parts);
    const guests = this.guests = new Guests(parts);
    const live = this.live = new LiveMessages({ ...parts, guests });
    this.authentication = new Authentication({
      ...parts,
      guests,
      registers: options?.registers ?? false,
      changesPasswords: options?.changesPasswords ?? false,
      randomness: options?.randomness,
    });
    if (!snapshot) return;
    this.maintenance = new Maintenance({ ...parts, snapshot });
    this.natives = new NativeCommands({
      ...parts,
      live,
      snapshot,
      queries: new Queries({ ...parts, searches: snapshot.searches }),
      memberships: new Memberships(parts),
      filesAt: () => this.filesAt,
      servers: () => shared?.servers,
      hasFixedPassword: (name) => this.authentication.passwords.isFixed(name),
    });
  }
}
