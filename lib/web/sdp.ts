import type { RtcDescription } from "../protocols/transfer/rtc_description.ts";

/** The largest message of a data channel; every browser takes it. */
export const MESSAGE_BYTES = 64 * 1024;

/** The parts of a session description of this browser that the other one needs; undefined if one is missing. */
export function readSdp(sdp: string): RtcDescription | undefined {
  const part = (pattern: RegExp) => pattern.exec(sdp)?.[1]?.trim();
  const ufrag = part(/^a=ice-ufrag:(.+)$/m);
  const pwd = part(/^a=ice-pwd:(.+)$/m);
  const fingerprint = part(/^a=fingerprint:sha-256 (.+)$/mi);
  if (ufrag === undefined || pwd === undefined || fingerprint === undefined) return undefined;
  const candidates = sdp.matchAll(/^a=candidate:\S+ \d+ udp \d+ (\S+) (\d+) typ host/gmi);
  const at = [...candidates].map(([, host, port]) => host!.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);
  return { ufrag, pwd, fingerprint, at };
}

/** The session description of a browser that opens one data channel with this one, or answers to one of this one. */
export function writeSdp({ ufrag, pwd, fingerprint, at }: RtcDescription, type: "offer" | "answer"): string {
  const candidates = at.map((text, i) => {
    const [, host, port] = /^\[?(.+?)\]?:(\d+)$/.exec(text)!;
    return `a=candidate:${i + 1} 1 udp ${2_113_937_151 - i} ${host} ${port} typ host`;
  });
  const lines = [
    "v=0",
    "o=- 1 1 IN IP4 0.0.0.0",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "c=IN IP4 0.0.0.0",
    "a=mid:0",
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${pwd}`,
    `a=fingerprint:sha-256 ${fingerprint}`,
    `a=setup:${type === "offer" ? "actpass" : "active"}`,
    "a=sctp-port:5000",
    `a=max-message-size:${MESSAGE_BYTES}`,
    ...candidates,
  ];
  return lines.map((line) => `${line}\r\n`).join("");
}
