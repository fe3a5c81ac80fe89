const MOST_CHARACTERS = 32;

/** What is wrong with a name that somebody gives to themselves or to a room; undefined when nothing is. */
export function nameFault(name: string): string | undefined {
  const rule = `1 to ${MOST_CHARACTERS} letters, digits, marks or signs, without blanks, not beginning with "/" or "#"`;
  const fits = /^[\p{L}\p{N}\p{M}\p{P}\p{S}]+$/u.test(name) && [...name].length <= MOST_CHARACTERS &&
    !/^[/#]/.test(name) && name.normalize("NFC") === name;
  return fits ? undefined : `a name is ${rule}; found ${JSON.stringify(name.slice(0, 80))}`;
}
