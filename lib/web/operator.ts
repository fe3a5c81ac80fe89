import { byId, setText } from "./dom.ts";
import { serverTexts, sharedTexts } from "./texts.ts";

/** Asks the server to do something; why it did not, if it did not. */
async function operate(path: string, fields: Readonly<Record<string, string>>): Promise<string | undefined> {
  try {
    const headers = { "content-type": "application/json" };
    const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(fields) });
    if (response.ok) return undefined;
    const answer = await response.json().catch(() => undefined) as { readonly why?: string } | undefined;
    return answer?.why ?? sharedTexts.answeredWith(response.status);
  } catch {
    return serverTexts.silent;
  }
}

/** Ends all sessions of a user, if the operator is sure. */
export async function endSessions(name: string): Promise<void> {
  if (!confirm(serverTexts.endSure(name))) return;
  const why = await operate("/server/kick", { name });
  setText(byId("operated"), why === undefined ? serverTexts.ended(name) : serverTexts.notEnded(why));
}

/** The form of a notice to everyone. */
export function openNoticeForm(): void {
  const text = byId<HTMLInputElement>("notice-text");
  byId<HTMLFormElement>("notice-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (text.value.trim() === "") return text.focus();
    const why = await operate("/server/say", { text: text.value });
    setText(byId("operated"), why === undefined ? serverTexts.noticeSent : serverTexts.noticeNotSent(why));
    if (why === undefined) text.value = "";
  });
}
