import { LOBBY } from "../chat/names.ts";
import { byId, setText } from "./dom.ts";
import { openConversation, type State } from "./state.ts";

/** In an empty lobby, the address at which others open the page: as a code for phones, and as text. */
export function drawInvitation(state: State, address: string | undefined): void {
  const open = openConversation(state);
  const isLobby = open !== undefined && "room" in open.target && open.target.room === LOBBY;
  const isEmpty = isLobby && open.messages.length === 0 && !open.more && !open.window;
  byId("invite").hidden = !isEmpty || address === undefined;
  if (byId("invite").hidden) return;
  const code = byId<HTMLImageElement>("invite-code");
  if (code.dataset.address !== address) {
    code.dataset.address = address;
    code.src = "/address.svg";
  }
  setText(byId("invite-address"), address!);
}
