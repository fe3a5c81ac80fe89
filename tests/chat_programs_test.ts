import { chatProgramTests } from "./support/chat_program_tests.ts";
import { SOURCES } from "./support/programs.ts";

chatProgramTests(SOURCES);
