import { Lab } from "./lab.ts";
import { Folder } from "./programs.ts";

/** A server with a page, whose messages are kept in a folder of its own. */
export class WebLab extends Lab {
  readonly folder: Folder;

  constructor(options: ConstructorParameters<typeof Lab>[0] = {}) {
    const folder = new Folder();
    super({ web: true, data: folder.path, ...options });
    this.folder = folder;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}
