/** What is known of one message. */
export interface Said {
  readonly from: string;
  text: string;
  /** What its sender is shown. */
  state: "sent" | "delivered" | "failed";
  change: "" | "edited" | "withdrawn";
}

/** The users of the page. */
export type User = "alice" | "bob";
export const HANDOUT = "jacky";

/** A name for the conversation of a user with another, or for the room: the same for both sides. */
export function conversationOf(user: string, place: string): string {
  return place === "lobby" ? place : [user, place].sort().join(" ");
}

/** One page as it must look. */
export interface PageModel {
  readonly user: User;
  isConnected: boolean;
  /** The place that is open. */
  open: string | undefined;
  /** The message behind the line of new messages. */
  newAt: Said | undefined;
  /** Where the line may be after a reconnect, until the page has shown it. */
  newAtOptions: (Said | undefined)[];
  /** What was said here without a connection, and what was read: a place and the number of its messages. */
  pending: { place: string; said: Said }[];
  readonly readOffline: Map<string, number>;
  /** How many messages of each place the page knows. */
  readonly known: Map<string, number>;
}

/** What every page and the handout's client must show, by what was done. */
export class HourModel {
  readonly pages: PageModel[] = [];
  readonly #conversations = new Map<string, Said[]>();
  /** How many messages of a conversation a user has read, by both names. */
  readonly #read = new Map<string, number>();
  /** Whether the handout's client is there; its lines, and those that wait for it. */
  isHandoutIn = false;
  readonly handoutLines: string[] = [];
  #waiting: { line: string; said: Said; delivers: boolean }[] = [];

  messages(user: string, place: string): Said[] {
    const key = conversationOf(user, place);
    let messages = this.#conversations.get(key);
    if (!messages) this.#conversations.set(key, messages = []);
    return messages;
  }

  page(user: User): PageModel {
    const page: PageModel = {
      user,
      isConnected: true,
      open: undefined,
      newAt: undefined,
      newAtOptions: [],
      pending: [],
      readOffline: new Map(),
      known: new Map(),
    };
    this.pages.push(page);
    return page;
  }

  isOnline(user: string): boolean {
    if (user === HANDOUT) return this.isHandoutIn;
    return this.pages.some((page) => page.user === user && page.isConnected);
  }

  /** A message has reached the server. */
  say(from: string, place: string, text: string): Said {
    const isPrivate = place !== "lobby";
    const said: Said = { from, text, state: isPrivate && this.isOnline(place) ? "delivered" : "sent", change: "" };
    this.messages(from, place).push(said);
    this.#tellHandout(from, place, text, said);
    this.#readOpen();
    return said;
  }

  /** A message was said without a connection, and reaches the server now. */
  arrives(page: PageModel, place: string, said: Said): void {
    Object.assign(said, { state: place !== "lobby" && this.isOnline(place) ? "delivered" : "sent" });
    const messages = this.messages(page.user, place);
    messages.push(said);
    // It may be news to a page that has just connected, if the server had it already.
    for (const { user, open, newAtOptions } of this.pages) {
      if (
        newAtOptions.length > 0 && user !== page.user && open !== undefined && this.messages(user, open) === messages
      ) {
        newAtOptions.push(said);
      }
    }
    this.#tellHandout(page.user, place, said.text, said);
    this.#readOpen();
  }

  edit(user: string, place: string, said: Said, text: string): void {
    said.text = text;
    said.change = "edited";
    this.#tellHandout(user, place, `(edited) ${text}`, said, false);
  }

  withdraw(user: string, place: string, said: Said): void {
    said.text = "withdrawn";
    said.change = "withdrawn";
    // Of what waits, the line of the withdrawal alone is told; with it, the message counts as delivered.
    const delivers = this.#waiting.some((each) => each.said === said && each.delivers);
    this.#waiting = this.#waiting.filter((each) => each.said !== said);
    this.#tellHandout(user, place, "(withdrawn a message)", said, delivers);
  }

  /** The handout's client has come and is told what waited for it. */
  handoutCame(): void {
    this.isHandoutIn = true;
    for (const { line, said, delivers } of this.#waiting) {
      this.handoutLines.push(line);
      if (delivers) said.state = "delivered";
    }
    this.#waiting = [];
  }

  /** The handout's client has left, perhaps without a receipt for the last message. */
  handoutLeft(unconfirmed?: Said): void {
    this.isHandoutIn = false;
    if (unconfirmed) unconfirmed.state = "failed";
  }

  /** A page opens a place, or none. */
  open(page: PageModel, place: string | undefined): void {
    if (page.open === place) return;
    if (place === undefined) page.newAt = undefined;
    else if (page.isConnected) {
      page.newAt = this.#firstUnread(page.user, place);
    } else {
      page.newAt = undefined;
      page.readOffline.set(place, page.known.get(place) ?? 0);
    }
    page.open = place;
    this.#readOpen();
  }

  /** A page has lost its connection. */
  lost(page: PageModel): void {
    if (!page.isConnected) return;
    page.isConnected = false;
    for (const place of this.placesOf(page.user)) page.known.set(place, this.messages(page.user, place).length);
  }

  /** A page is connected again: it has everything, and shows the place that is open. */
  connected(page: PageModel): void {
    page.isConnected = true;
    const before = page.newAt;
    for (const [place, count] of page.readOffline) this.#raise(page.user, place, count);
    page.readOffline.clear();
    // Of several pages that connect at the same time each may be the one that reads what has come.
    page.newAtOptions = [before, page.open === undefined ? undefined : this.#firstUnread(page.user, page.open)];
    for (const place of this.placesOf(page.user).slice(1)) {
      for (const said of this.messages(page.user, place)) {
        if (said.from !== page.user && said.state === "sent") said.state = "delivered";
      }
    }
    for (const { place, said } of page.pending) this.arrives(page, place, said);
    page.pending = [];
    this.#readOpen();
  }

  unread(user: string, place: string): number {
    const read = this.#read.get(`${user} ${place}`) ?? 0;
    return this.messages(user, place).slice(read)
      .filter(({ from, change }) => from !== user && change !== "withdrawn").length;
  }

  placesOf(user: string): string[] {
    return ["lobby", ...["alice", "bob", HANDOUT].filter((name) => name !== user)];
  }

  #firstUnread(user: string, place: string): Said | undefined {
    if (this.unread(user, place) === 0) return undefined;
    return this.messages(user, place).slice(this.#read.get(`${user} ${place}`) ?? 0)
      .find(({ from }) => from !== user);
  }

  #readOpen(): void {
    for (const { user, isConnected, open } of this.pages) {
      if (isConnected && open !== undefined) this.#raise(user, open, this.messages(user, open).length);
    }
  }

  #raise(user: string, place: string, count: number): void {
    const key = `${user} ${place}`;
    this.#read.set(key, Math.max(this.#read.get(key) ?? 0, count));
  }

  #tellHandout(from: string, place: string, text: string, said: Said, delivers = true): void {
    if (from === HANDOUT || (place !== "lobby" && place !== HANDOUT)) return;
    const line = `${place === "lobby" ? "/broadcastfrom" : "/from"} ${from} ${text}`;
    if (this.isHandoutIn) this.handoutLines.push(line);
    else if (place === HANDOUT) this.#waiting.push({ line, said, delivers });
  }
}

/** What a page shows of one conversation and of its list, in lines that can be compared. */
export interface PageView {
  readonly open: string;
  readonly rows: readonly string[];
  readonly unread: readonly string[];
  readonly title: string;
}

/** The page as it must look. */
export function expectedView(model: HourModel, page: PageModel, newAt = page.newAt): PageView {
  const { user, open } = page;
  const rows = open === undefined ? [] : model.messages(user, open).flatMap((said) => {
    const own = said.from === user;
    const edited = said.change === "edited" ? " edited" : "";
    const line = `${own ? "You" : said.from}: ${said.text}${own ? ` ${said.state}` : ""}${edited}`;
    return said === newAt ? ["New messages", line] : [line];
  });
  const counts = model.placesOf(user).map((place) => ({ place, count: model.unread(user, place) }));
  const sum = counts.reduce((all, { count }) => all + count, 0);
  return {
    open: open ?? "",
    rows,
    unread: counts.filter(({ count }) => count > 0).map(({ place, count }) => `${place} ${count}`).sort(),
    title: sum > 0 ? `(${sum})` : "",
  };
}
