import { byId } from "./dom.ts";
import { notifyByWorker } from "./offline.ts";

const ICON = "/page/icon.svg";
const ICON_PIXELS = 64;
/** A short, quiet tone. */
const TONE = { hertz: 660, seconds: 0.12, loudness: 0.08 };

let shownUnread = false;

/** Puts a dot on the page's icon, or takes it away. */
export function markIcon(isUnread: boolean): void {
  if (isUnread === shownUnread) return;
  shownUnread = isUnread;
  const link = byId<HTMLLinkElement>("icon");
  if (!isUnread) return void (link.href = ICON);
  const image = new Image();
  image.onload = () => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = ICON_PIXELS;
    const pen = canvas.getContext("2d");
    if (!pen || !shownUnread) return;
    pen.drawImage(image, 0, 0, ICON_PIXELS, ICON_PIXELS);
    pen.fillStyle = "#d93025";
    pen.beginPath();
    pen.arc(ICON_PIXELS * 0.74, ICON_PIXELS * 0.26, ICON_PIXELS * 0.24, 0, 7);
    pen.fill();
    link.href = canvas.toDataURL();
  };
  image.src = ICON;
}

/** Plays a tone, as far as the browser allows it. */
export function playTone(): void {
  try {
    const audio = new AudioContext();
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = TONE.hertz;
    volume.gain.value = TONE.loudness;
    tone.connect(volume).connect(audio.destination);
    tone.onended = () => void audio.close();
    tone.start();
    tone.stop(audio.currentTime + TONE.seconds);
  } catch { /* there is no sound here */ }
}

/** Whether the user can still be asked for notifications. */
export function canAskForNotifications(): boolean {
  return "Notification" in globalThis && isSecureContext && Notification.permission === "default";
}

/** Shows a notification, where the user has allowed it. Pressing it leads to the conversation. */
export async function notify(title: string, body: string, tag: string, open: () => void): Promise<void> {
  if (!("Notification" in globalThis) || Notification.permission !== "granted") return;
  const options = { body, tag, icon: ICON };
  if (await notifyByWorker(title, options)) return;
  try {
    const shown = new Notification(title, options);
    shown.onclick = () => {
      globalThis.focus();
      open();
      shown.close();
    };
  } catch { /* phones want the service worker for it */ }
}
