import { byId, setText } from "./dom.ts";

/** Asks the server to do something; why it did not, if it did not. */
async function operate(path: string, fields: Readonly<Record<string, string>>): Promise<string | undefined> {
  try {
    const headers = { "content-type": "application/json" };
    const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(fields) });
    if (response.ok) return undefined;
    const answer = await response.json().catch(() => undefined) as { readonly why?: string } | undefined;
    return answer?.why ?? `the server answers ${response.status}`;
  } catch {
    return "the server does not answer";
  }
}

/** Ends all sessions of a user, if the operator is sure. */
export async function endSessions(name: string): Promise<void> {
  if (!confirm(`End all sessions of ${name}? They are told why, and can log in again.`)) return;
  const why = await operate("/server/kick", { name });
  setText(byId("operated"), why === undefined ? `The sessions of ${name} were ended.` : `Not ended: ${why}.`);
}

/** The form of a notice to everyone. */
export function openNoticeForm(): void {
  const text = byId<HTMLInputElement>("notice-text");
  byId<HTMLFormElement>("notice-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (text.value.trim() === "") return text.focus();
    const why = await operate("/server/say", { text: text.value });
    setText(byId("operated"), why === undefined ? "The notice was sent." : `Not sent: ${why}.`);
    if (why === undefined) text.value = "";
  });
}
