/** An element with these properties and children. `class`, `role` and names with a hyphen are attributes; texts stay texts. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Readonly<Record<string, unknown>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class" || name === "role" || name.includes("-")) element.setAttribute(name, String(value));
    else Object.assign(element, { [name]: value });
  }
  element.append(...children);
  return element;
}

/** The element of the page with this id. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new ReferenceError(`the page has no element "${id}"`);
  return element as T;
}

/** Whether fingers use the page: a field with the focus would bring up a keyboard, which covers half of the screen. */
export function isTouched(): boolean {
  return matchMedia("(hover: none) and (pointer: coarse)").matches;
}

/** Sets a text only when it differs, so that a screen reader does not repeat it. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Cap on announced texts in the document. */
const MAX_ANNOUNCED = 20;

/** Has a screen reader say a text. */
export function announce(text: string): void {
  const list = byId("announced");
  list.append(make("p", {}, text));
  while (list.childElementCount > MAX_ANNOUNCED) list.firstElementChild?.remove();
}

/** Downloads a file; returns the address under which the page still has it. */
export function download(file: Blob, name: string): string {
  const url = URL.createObjectURL(file);
  const link = make("a", { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  return url;
}
