import { fileProgramTests } from "./support/file_program_tests.ts";
import { chatProgramTests } from "./support/chat_program_tests.ts";
import { pageProgramTests } from "./support/page_program_tests.ts";
import { peerProgramTests } from "./support/peer_program_tests.ts";
import { programTests } from "./support/program_tests.ts";
import { binaries } from "./support/programs.ts";

// PARTYLINE_BIN names the folder of the executables; `deno task build` makes them in dist.
const folder = Deno.env.get("PARTYLINE_BIN");
if (folder) {
  programTests(binaries(folder));
  chatProgramTests(binaries(folder));
  peerProgramTests(binaries(folder));
  fileProgramTests(binaries(folder));
  pageProgramTests(binaries(folder));
} else Deno.test("compiled programs (skipped: PARTYLINE_BIN names no folder with them)", { ignore: true }, () => {});
