import type { Limits } from "../../core/limits.ts";
import type { Session, Way } from "../session.ts";
import type { AddressBook } from "./directory.ts";
import { AddressBookSession } from "./server.ts";

/** The door to an address book: what it is called, and how a visit begins. No visit is anything to the hub. */
export function addressBookDoor(book: AddressBook) {
  return {
    name: "address-book",
    links: ["tcp"],
    apart: true,
    open: (way: Way, limits: Limits, now: number): Session => new AddressBookSession(way, book, limits, now),
  } as const;
}
