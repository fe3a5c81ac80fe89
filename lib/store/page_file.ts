import { join, toFileUrl } from "@std/path";
import { writePrivateText } from "./private_file.ts";

/**
 * A page that only its owner can read, and that leads to an address: every user of the machine can read the arguments of a
 * browser.
 */
export class PageFile {
  private constructor(readonly path: string) {}

  /** Undefined where it cannot be written. */
  static write(folder: string, name: string, address: string): PageFile | undefined {
    const leads = `<meta http-equiv="refresh" content="0; url=${address}">`;
    try {
      writePrivateText(folder, name, `<!DOCTYPE html>\n<title>Partyline</title>\n${leads}\n`);
      return new PageFile(join(Deno.realPathSync(folder), name));
    } catch {
      return undefined;
    }
  }

  get url(): string {
    return toFileUrl(this.path).href;
  }

  remove(): void {
    try {
      Deno.removeSync(this.path);
    } catch { /* it has been removed before */ }
  }
}
