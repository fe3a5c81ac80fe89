import { programTests } from "./support/program_tests.ts";
import { SOURCES } from "./support/programs.ts";

programTests(SOURCES);
