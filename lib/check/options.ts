/** How long an answer may take. */
export const DEFAULT_TIMEOUT_MS = 2000;

/** An option of `client check`; one without a value is a switch. */
export interface CheckOption {
  readonly name: string;
  readonly value?: string;
  readonly help: string;
}

export const CHECK_OPTIONS: readonly CheckOption[] = [
  { name: "list", help: "list the rules, with their levels, points and sentences; with --json for programs" },
  { name: "markdown", help: "with --list: the rules as a page of Markdown" },
  { name: "only", value: "ID,…", help: "play these rules alone; im/4 is every rule of section 4" },
  { name: "skip", value: "ID,…", help: "leave these rules out" },
  { name: "strict", help: "what is weak, and what the handout only recommends, counts as failed" },
  { name: "seed", value: "N", help: "make the choices of an earlier run again (printed at its end)" },
  { name: "network", value: "KIND", help: "what stands between: none, cut, slow or lossy (none)" },
  { name: "long", help: "play the rules that wait for a minute and more, too; without it they are not judged" },
  { name: "repeat", value: "N", help: "play each rule N times (1)" },
  { name: "users", value: "FILE", help: "the accounts of a server that runs already" },
  { name: "rubric", value: "FILE", help: "points, hidden rules and the number of rules, in JSON" },
  { name: "report", value: "FILE", help: "write a page of HTML with the failures and their ladder diagrams" },
  { name: "json", value: "FILE", help: "write the result as JSON; - is standard output, here and below" },
  { name: "junit", value: "FILE", help: "write the result as JUnit XML" },
  { name: "gradescope", value: "FILE", help: "write the result as Gradescope's results.json" },
  { name: "classroom", value: "FILE", help: "write the result as Classroom 50's result.json" },
  { name: "csv", value: "FILE", help: "write a line for each rule" },
  { name: "jobs", value: "N", help: "rules played at a time (4); a server that runs already has one at a time" },
  { name: "timeout", value: "MS", help: `how long an answer may take (${DEFAULT_TIMEOUT_MS})` },
  { name: "with", value: "FILE", help: "with all: how a submission is started, a line a check" },
  {
    name: "out",
    value: "DIR",
    help: "with all: the folder of the results (./results); what is whole there is not played again",
  },
  { name: "cross", help: "with all: play every client against every server too, and show who works with whom" },
  { name: "memory", value: "MB", help: "with all: memory of a submission's processes (1024)" },
  { name: "total", value: "S", help: "with all: seconds that a submission gets for the rules of a check (600)" },
  { name: "verbose", help: "show every rule, and the story of what is weak" },
  { name: "quiet", help: "show the last line alone" },
];
