import { pageProgramTests } from "./support/page_program_tests.ts";
import { SOURCES } from "./support/programs.ts";

pageProgramTests(SOURCES);
