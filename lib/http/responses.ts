const BODY_BYTES = 4096;

export function jsonResponse(value: unknown, status = 200, headers = new Headers()): Response {
  headers.set("content-type", "application/json");
  return new Response(JSON.stringify(value), { status, headers });
}

export function plainText(text: string, status: number, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, { status, headers: { "content-type": "text/plain; charset=utf-8", ...headers } });
}

/** The JSON object in the body of a request; a text that says what is wrong with it, if it is none or too long. */
export async function readJsonBody(request: Request): Promise<Record<string, unknown> | string> {
  if (!/^application\/json\b/.test(request.headers.get("content-type") ?? "")) return "expected application/json";
  const bytes = new Uint8Array(BODY_BYTES);
  let length = 0;
  try {
    for await (const chunk of request.body ?? []) {
      if (length + chunk.length > BODY_BYTES) return `expected at most ${BODY_BYTES} bytes`;
      bytes.set(chunk, length);
      length += chunk.length;
    }
  } catch {
    // The sender has left, or the server stops.
    return "expected a complete body";
  }
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(0, length)));
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch { /* reported below */ }
  return "expected a JSON object";
}
