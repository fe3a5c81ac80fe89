import { peerProgramTests } from "./support/peer_program_tests.ts";
import { SOURCES } from "./support/programs.ts";

peerProgramTests(SOURCES);
