import { keptProgramTests } from "./support/kept_program_tests.ts";
import { SOURCES } from "./support/programs.ts";

keptProgramTests(SOURCES);
