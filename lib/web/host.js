/**
 * @typedef {object} About
 * @property {string} version
 * @property {string | null} name who we are to the server; null when it does not know
 * @property {boolean} registration
 * @property {"server" | "client"} host
 * @property {string} [title]
 */

/** What the host says of itself, and who we are to it. @returns {Promise<About>} */
export async function askAbout() {
  const answer = await fetch("/about", { cache: "no-store", credentials: "same-origin" });
  if (!answer.ok) throw new Error(`/about was answered with ${answer.status}`);
  return await answer.json();
}

/**
 * Logs in, or makes an account and logs in; why not, if it cannot be done.
 * @param {"login" | "register"} how
 * @param {string} name
 * @param {string} password
 * @returns {Promise<string | undefined>}
 */
export async function enter(how, name, password) {
  const answer = await post(`/${how}`, { name, password });
  if (answer.ok) return undefined;
  const said = await answer.json().catch(() => ({}));
  return typeof said.why === "string" ? said.why : `the server has answered with ${answer.status}`;
}

/** Ends the session. */
export async function leave() {
  await post("/logout", {});
}

/** @param {string} path @param {unknown} body */
function post(path, body) {
  return fetch(path, {
    method: "POST",
    credentials: "same-origin",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}
