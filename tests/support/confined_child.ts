import { join } from "@std/path";
import { confineTo } from "../../lib/store/file_permissions.ts";

// Confines itself to the folder given first, then says which of the further paths it can write, and whether it can read the
// configuration of the project.

const [folder, ...paths] = Deno.args;
confineTo({ read: [folder!], write: [folder!] });
const tried = (act: () => void) => {
  try {
    act();
    return "yes";
  } catch (error) {
    return error instanceof Deno.errors.NotCapable ? "no" : String(error);
  }
};
const written = paths.map((path) => tried(() => Deno.writeTextFileSync(path, "")));
const read = tried(() => Deno.readTextFileSync(join(import.meta.dirname!, "..", "..", "deno.json")));
// deno-lint-ignore no-console
console.log([...written, read].join(" "));
