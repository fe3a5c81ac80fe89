import type { Command, NativeCommand } from "../../chat/command.ts";
import { Fault } from "../../core/errors.ts";
import { readInteger, readObject, unexpected } from "../../core/json_fields.ts";
import { type ClientMessage, decodeClientMessage } from "./messages.ts";

/** What a client asks; the last two are not for the chat. */
export type NativeRequest =
  | NativeCommand
  | Extract<Command, { type: "register" }>
  | { readonly type: "bye" }
  | { readonly type: "ping"; readonly ref: number };

/** What clients say most, as ours write it, with nothing escaped: read so, it takes a third of the time. */
const SAY =
  // deno-lint-ignore no-control-regex
  /^\{"type":"say","number":(0|[1-9]\d{0,14}),"(to|room)":"([^"\\\0-\x1f]{1,64})","text":"([^"\\\0-\x1f]*)"\}$/;
const ACK = /^\{"type":"ack","seq":(0|[1-9]\d{0,14})\}$/;

/** Reads one message of a client as a command. */
export function decodeNative(json: string): NativeRequest | Fault {
  const said = SAY.exec(json);
  if (said) {
    const to = said[2] === "to" ? { user: said[3]! } : { room: said[3]! };
    return { type: "say", number: Number(said[1]), to, text: said[4]! };
  }
  const acked = ACK.exec(json);
  if (acked) return { type: "acknowledge", seq: Number(acked[1]) };
  const message = decodeClientMessage(json);
  if (message instanceof Fault) return unreadable(json, message);
  return message ? commandOf(message) : unexpected("a message of a known type", json);
}

function commandOf(message: ClientMessage): NativeRequest | Fault {
  switch (message.type) {
    case "hello": {
      const { version, name, nonce, key, guest } = message;
      if (version !== 2) return unexpected("version 2", version);
      return { type: "hello", name, nonce, key, ...(guest ? { asGuest: true } : {}) };
    }
    case "proof":
      return { type: "prove", proof: message.proof };
    case "ack":
      return { type: "acknowledge", seq: message.seq };
    case "who":
      return { ...message, type: "inRoom" };
    case "leave":
      return { type: "leaveRoom", ref: message.ref, room: message.room };
    case "history": {
      const { ref, of, before, after, limit } = message;
      return { type: "history", ref, of, before, after, limit };
    }
    case "search": {
      const { ref, words, from, of, since, until, before, limit } = message;
      return { type: "search", ref, words, from, of, since, until, before, limit };
    }
    default:
      return message;
  }
}

/** A client waits for an answer under each of its numbers, also where the rest cannot be read. */
function unreadable(json: string, fault: Fault): NativeRequest | Fault {
  const read = readObject(json, (fields) => ({ type: fields.type, number: readInteger(fields, "number") }));
  if (read instanceof Fault || !["say", "edit", "withdraw", "react"].includes(read.type as string)) return fault;
  return { type: "unreadable", number: read.number, why: fault.message };
}
