import { alone, type ArgumentParser, type CommandTable, type NameRule, wrongName } from "./commands.ts";

const LEAVING = [
  "With --leave at the end, FILE is left at the server, to be fetched later, even",
  "while you are away. Without --leave, so is a file for a NAME who is away.",
];

/** The commands for files; `rule` checks the names of senders and receivers. */
export function fileCommands(rule: NameRule, room: "room" | "group"): CommandTable<never> {
  return {
    send: {
      usage: `/send NAME|${room.toUpperCase()} FILE`,
      short: "offer a file or a folder",
      example: "/send bob slides.pdf",
      long: [
        `If a ${room} of yours and a user have the same name, the ${room} is meant; every`,
        "member may accept. The file goes directly to the receiver and is checked on",
        "arrival. An interrupted transfer resumes once you are both online again.",
        "Do not change FILE in the meantime.",
        ...room === "room" ? LEAVING : [],
      ],
      parse: sendParser(rule, room),
      names: (known, at) => at === 1 ? new Set([...known.joined, ...known.users]) : [],
    },
    accept: {
      usage: "/accept N",
      short: "accept offer number N",
      example: "/accept 417",
      long: [
        "The file goes to your downloads and never replaces another. /files lists the",
        "offers. N is the same at the sender.",
      ],
      parse: numberParser("accept"),
    },
    refuse: {
      usage: "/refuse N|all [NAME]",
      short: "refuse offer N, or all; senders are told",
      example: "/refuse 417",
      long: ["/refuse all NAME refuses all of NAME. /files lists the offers."],
      parse: refuseParser(rule),
    },
    stop: {
      usage: "/stop N",
      short: "cancel transfer or offer number N",
      example: "/stop 417",
      long: ["A partly received file is deleted. /files lists the transfers."],
      parse: numberParser("stop"),
    },
    files: {
      usage: "/files",
      short: "list offers and transfers",
      example: "/files",
      long: ["With their numbers, both to you and from you."],
      parse: alone({ type: "file", action: { type: "files" } }),
    },
  };
}

function sendParser(rule: NameRule, room: string): ArgumentParser<never> {
  return ({ first, more }, { rooms }) => {
    const wrong = wrongName(first, `NAME or ${room.toUpperCase()}`, rule);
    if (wrong !== undefined) return wrong;
    const path = more.trim();
    if (path === "") return "FILE is missing";
    const to = rooms.has(first) ? { room: first } : { user: first };
    const leaves = room === "room" && / --leave$/.test(path);
    const given = unquoted(leaves ? path.replace(/ +--leave$/, "") : path);
    return { type: "file", action: { type: "send", to, path: given, ...(leaves ? { leave: true } : {}) } };
  };
}

/** A pasted path often is in quotes. */
function unquoted(path: string): string {
  return /^(["'])(.+)\1$/.exec(path)?.[2] ?? path;
}

function refuseParser(rule: NameRule): ArgumentParser<never> {
  const number = numberParser("refuse");
  return (parts, known) => {
    if (parts.first !== "all") return number(parts, known);
    const name = parts.more.trim();
    const wrong = name === "" ? undefined : wrongName(name, "NAME", rule);
    if (wrong !== undefined) return wrong;
    return { type: "file", action: { type: "refuseAll", from: name === "" ? undefined : name } };
  };
}

function numberParser(type: "accept" | "refuse" | "stop"): ArgumentParser<never> {
  return ({ first, more }) => {
    if (first === "") return "N is missing";
    if (!/^\d{3,15}$/.test(first)) return "N must be a number of three or more digits that /files shows";
    return more.trim() === "" ? { type: "file", action: { type, n: Number(first) } } : "it takes one number";
  };
}
