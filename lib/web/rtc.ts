// The part of WebRTC that is used. Deno has none of it, not even its types, and checks this code too.

export interface Connection {
  readonly localDescription: Description | null;
  readonly iceGatheringState: string;
  readonly connectionState: string;
  onicegatheringstatechange: (() => void) | null;
  onconnectionstatechange: (() => void) | null;
  createDataChannel(label: string, options: { readonly negotiated: true; readonly id: number }): DataChannel;
  setLocalDescription(): Promise<void>;
  setRemoteDescription(description: Description): Promise<void>;
  close(): void;
}

export interface Description {
  readonly type: "offer" | "answer";
  readonly sdp: string;
}

export interface DataChannel {
  readonly readyState: string;
  readonly bufferedAmount: number;
  bufferedAmountLowThreshold: number;
  binaryType: string;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: ArrayBuffer | string }) => void) | null;
  onbufferedamountlow: (() => void) | null;
  onclose: (() => void) | null;
  onerror: (() => void) | null;
  send(bytes: Uint8Array<ArrayBuffer>): void;
  close(): void;
}

const { RTCPeerConnection } = globalThis as { readonly RTCPeerConnection?: new () => Connection };

/** Whether this browser connects to others. */
export const hasConnections = RTCPeerConnection !== undefined;

/**
 * A connection that asks no server for its addresses: those of this machine are enough on a LAN. Undefined where the browser
 * makes none, or no more.
 */
export function newConnection(): Connection | undefined {
  try {
    return RTCPeerConnection && new RTCPeerConnection();
  } catch {
    return undefined;
  }
}
