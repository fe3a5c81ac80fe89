import { make, the, write } from "./dom.js";
import { List } from "./list.js";
import { Rows } from "./rows.js";
import { LOBBY } from "./state.js";
import { bytesShown, cleaned, timeShown } from "./text.js";
import { drawRow } from "./view_row.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./conversation.js").Conversation} Conversation */

/** The open conversation: its head, its messages, what is known of the connection. */
export class TalkView {
  #rows = new Rows();
  /** @type {State | undefined} */
  #drawn;
  /** @type {List<import("./rows.js").Row>} */
  #list;
  #title = the("title");

  /** @param {{ act: import("./view_row.js").FileAct, earlier: () => void }} way */
  constructor(way) {
    this.way = way;
    const scroller = the("scroller");
    this.#list = new List(
      scroller,
      the("messages"),
      (row, element) => drawRow(row, element, this.#drawn?.here?.startsWith("room ") ?? false, way.act),
      () => way.earlier(),
    );
    scroller.addEventListener("scroll", () => the("end").hidden = this.#list.isAtEnd, { passive: true });
    the("end").addEventListener("click", () => this.toEnd());
  }

  /** Whether earlier messages would be seen. */
  get isNearTop() {
    return the("scroller").scrollTop < 600;
  }

  toEnd() {
    this.#list.toEnd();
    the("end").hidden = true;
  }

  /** @param {State} state @param {number} now */
  draw(state, now) {
    const before = this.#drawn;
    this.#drawn = state;
    const talk = state.here === undefined ? undefined : state.conversations.get(state.here);
    the("compose").hidden = !talk;
    this.#head(state, talk);
    this.#nothing(talk);
    const other = before?.here !== state.here;
    const known = before?.here === undefined ? undefined : before.conversations.get(before.here);
    if (!other && known === talk && before?.files === state.files) return;
    if (other) this.#rows = new Rows();
    const rows = talk ? this.#rows.of(talk, state.files, now) : [];
    if (other) this.#list.restart(rows, rows.some(({ key }) => key === "new") ? "new" : undefined);
    else this.#list.set(rows);
    the("end").hidden = this.#list.isAtEnd;
  }

  /** @param {State} state @param {Conversation | undefined} talk */
  #head(state, talk) {
    const target = talk?.target;
    const room = target && "room" in target ? target.room : undefined;
    the("heading").hidden = !target;
    write(this.#title, !target ? "" : cleaned("room" in target ? target.room : target.user));
    write(the("subtitle"), subtitle(state, talk));
    the("people").hidden = room === undefined;
    the("leave").hidden = room === undefined || room === LOBBY;
  }

  /** @param {Conversation | undefined} talk */
  #nothing(talk) {
    const nothing = the("nothing");
    nothing.hidden = talk !== undefined && talk.messages.length > 0;
    if (!talk) return write(nothing, "Choose a room or a person at the side.");
    if (talk.more) return write(nothing, "");
    write(
      nothing,
      "room" in talk.target ? "Nothing was said here so far." : "You have not spoken with each other so far.",
    );
  }

  /** How the connection stands. @param {State} state @param {number} now */
  drawConnection({ connection }, now) {
    the("connection").hidden = connection.state === "open";
    the("retry").hidden = connection.state !== "lost" && connection.state !== "elsewhere";
    write(the("retry"), connection.state === "elsewhere" ? "Use it here" : "Try now");
    if (connection.state === "connecting") {
      write(the("connection-state"), "Connecting");
      return write(the("connection-time"), " …");
    }
    if (connection.state === "elsewhere") {
      write(the("connection-time"), "");
      return write(the("connection-state"), "This chat goes on in another window.");
    }
    if (connection.state !== "lost") return write(the("connection-state"), "");
    write(the("connection-state"), "Connection lost");
    const left = Math.max(0, connection.againAt - now);
    write(the("connection-time"), left < 500 ? "; trying again" : `; trying again in ${timeShown(left)}`);
  }

  /** What is being read, to be offered: it stands in no conversation yet. @param {State} state */
  drawReading({ files }) {
    const reading = [...files.values()].filter(({ state }) => state === "reading");
    the("reading").hidden = reading.length === 0;
    const parts = reading.map(({ name, done, bytes }) =>
      `${cleaned(name)}, ${bytesShown(done)} of ${bytesShown(bytes)}`
    );
    write(the("reading"), `Reading ${parts.join("; ")}`);
  }

  /** Who is in the room. @param {State} state */
  drawMembers({ members }) {
    const items = members.map(({ name, online }) =>
      make(
        "li",
        {},
        make("span", { class: online ? "dot online" : "dot" }),
        make("bdi", {}, cleaned(name)),
        make("span", { class: "unseen" }, online ? "online" : "offline"),
      )
    );
    the("member-list").replaceChildren(...items);
  }
}

/** @param {State} state @param {Conversation | undefined} talk */
function subtitle({ people, rooms }, talk) {
  if (!talk) return "";
  if ("user" in talk.target) return people.get(talk.target.user) ? "online" : "offline; what you say waits for them";
  if (talk.target.room === LOBBY) return `everybody's room, ${[...people.values()].filter(Boolean).length} online`;
  const members = rooms.get(talk.target.room)?.members ?? 0;
  return members === 1 ? "1 member" : `${members} members`;
}
