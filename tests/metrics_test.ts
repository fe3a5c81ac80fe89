import { assert, assertEquals, assertThrows } from "@std/assert";
import { openMetrics } from "../lib/server/open_metrics.ts";
import { parseOpenMetrics } from "./support/open_metrics.ts";

Deno.test("every kind of metric family is written as the format requires", () => {
  const text = openMetrics([
    { name: "x_hats", type: "gauge", help: 'Hats, "on" heads\nor \\ off.', samples: [{ value: 3 }] },
    { name: "x_heads", type: "counter", help: "Heads.", samples: [{ value: 2, labels: { at: 'a"b\\c\nd' } }] },
    { name: "x", type: "info", help: "Which.", labels: { version: "1" } },
    {
      ...{ name: "x_wait_seconds", type: "histogram", unit: "seconds", help: "Waits." },
      ...{ bounds: [0.0005, 0.25, 1], counts: [1, 0, 2, 4], sum: 7.5 },
    },
  ]);
  assertEquals(
    text,
    [
      "# TYPE x_hats gauge",
      '# HELP x_hats Hats, \\"on\\" heads\\nor \\\\ off.',
      "x_hats 3",
      "# TYPE x_heads counter",
      "# HELP x_heads Heads.",
      'x_heads_total{at="a\\"b\\\\c\\nd"} 2',
      "# TYPE x info",
      "# HELP x Which.",
      'x_info{version="1"} 1',
      "# TYPE x_wait_seconds histogram",
      "# UNIT x_wait_seconds seconds",
      "# HELP x_wait_seconds Waits.",
      'x_wait_seconds_bucket{le="0.0005"} 1',
      'x_wait_seconds_bucket{le="0.25"} 1',
      'x_wait_seconds_bucket{le="1.0"} 3',
      'x_wait_seconds_bucket{le="+Inf"} 7',
      "x_wait_seconds_sum 7.5",
      "x_wait_seconds_count 7",
      "# EOF",
      "",
    ].join("\n"),
  );
  const families = parseOpenMetrics(text);
  assertEquals([...families.keys()], ["x_hats", "x_heads", "x", "x_wait_seconds"]);
  assertEquals(families.get("x_heads")!.samples[0]!.labels, { at: 'a"b\\c\nd' });
});

Deno.test("the tests' parser finds format errors", () => {
  const head = "# TYPE x_s histogram\n";
  const wrong = {
    "nothing at the end": "# TYPE a gauge\na 1\n",
    "something after the end": "# EOF\na 1\n",
    "an empty line": "# TYPE a gauge\n\na 1\n# EOF\n",
    "a counter without its suffix": "# TYPE a counter\na 1\n# EOF\n",
    "a counter below zero": "# TYPE a counter\na_total -1\n# EOF\n",
    "a family that comes again": "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\na 2\n# EOF\n",
    "a sample of another family": "# TYPE a gauge\nb 1\n# EOF\n",
    "the same sample twice": '# TYPE a gauge\na{b="1"} 1\na{b="1"} 2\n# EOF\n',
    "a unit that is not in the name": "# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n",
    "a quotation mark in a label": '# TYPE a gauge\na{b="""} 1\n# EOF\n',
    "a bound that is no floating point number": `${head}x_s_bucket{le="1"} 1\n# EOF\n`,
    "classes that shrink": `${head}x_s_bucket{le="1.0"} 2\nx_s_bucket{le="+Inf"} 1\nx_s_sum 1\nx_s_count 1\n# EOF\n`,
    "a count that is not all": `${head}x_s_bucket{le="+Inf"} 1\nx_s_sum 1\nx_s_count 2\n# EOF\n`,
    "no class for the rest": `${head}x_s_bucket{le="1.0"} 1\nx_s_sum 1\nx_s_count 1\n# EOF\n`,
  };
  for (const [what, text] of Object.entries(wrong)) assertThrows(() => parseOpenMetrics(text), Error, undefined, what);
  assert(parseOpenMetrics("# TYPE a gauge\na 1\n# EOF\n").has("a"));
});
