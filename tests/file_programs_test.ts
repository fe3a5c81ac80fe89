import { fileProgramTests } from "./support/file_program_tests.ts";
import { SOURCES } from "./support/programs.ts";

fileProgramTests(SOURCES);
