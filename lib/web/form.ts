import { byId, setText } from "./dom.ts";
import { errorText } from "./format.ts";
import { useLanguage } from "./language.ts";
import { exchangeTicket, keyHeaders } from "./page_key.ts";
import { peerTexts, sharedTexts } from "./texts.ts";

const FIELDS = ["name", "udp", "table"] as const;
type Field = typeof FIELDS[number];

/** The form of `client peer`; only fields that are asked can be changed. */
type Form = Readonly<Record<Field, string>> & { readonly asked: readonly Field[] };

const CHAT = "/";
const TABLE = "/page/table.html";

const inputOf = (field: Field) => byId<HTMLInputElement>(field);

async function show(): Promise<void> {
  await exchangeTicket();
  const response = await fetch("/form", { cache: "no-store", credentials: "same-origin", headers: keyHeaders() });
  if (!response.ok) {
    setText(byId("foreign"), await response.text());
    byId("foreign").hidden = false;
    return;
  }
  const form: Partial<Form> = await response.json();
  // It was confirmed in another window.
  if (form.asked === undefined) return location.replace(CHAT);
  for (const field of FIELDS) {
    const input = inputOf(field);
    input.value = form[field] ?? "";
    input.readOnly = !form.asked.includes(field);
  }
  byId("form").hidden = false;
  inputOf(form.asked[0]!).focus();
}

/** Starts the chat; the rule that the form breaks is shown, and its field gets the focus. */
async function confirmForm(): Promise<void> {
  setText(byId("error"), "");
  const response = await fetch("/form", {
    method: "POST",
    credentials: "same-origin",
    headers: { ...keyHeaders(), "content-type": "application/json" },
    body: JSON.stringify(Object.fromEntries(FIELDS.map((field) => [field, inputOf(field).value]))),
  });
  if (response.ok) return location.assign(TABLE);
  const { why, field } = await response.json().catch(() => ({}));
  setText(byId("error"), typeof why === "string" ? why : sharedTexts.answeredWith(response.status));
  if (FIELDS.includes(field)) inputOf(field).select();
}

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  confirmForm().catch((error) => setText(byId("error"), peerTexts.unreachable(errorText(error))));
});
void useLanguage({ shared: sharedTexts, peers: peerTexts }).then(show);
