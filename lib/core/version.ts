/** The version of Partyline; a test checks that `deno.json` has the same. */
export const VERSION = "0.2.0";
