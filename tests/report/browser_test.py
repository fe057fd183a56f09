#!/usr/bin/env python3
"""Opens the sample report in headless Chromium: charts drawn, nothing to complain about, no network.

    browser_test.py SAMPLE_REPORT_PROGRAM

Exit code 77 (skipped) where there is no Chromium.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from html import unescape
from pathlib import Path

NUM_FIGURES = 4  # of tests/report/sample_records.cpp, as the numbers of claims below
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DARK, LIGHT = 0, 1

# Plays a reader: filters, isolates a series, opens a table, saves both kinds of picture.
PROBE = """
<script>
const results = {saved: []};
HTMLAnchorElement.prototype.click = function () {
  results.saved.push(this.download);
  fetchText(this.href);
};
const blobs = new Map(), create = URL.createObjectURL;
URL.createObjectURL = (blob) => { const url = create.call(URL, blob); blobs.set(url, blob); return url; };
async function fetchText(url) {
  if (url.startsWith("data:image/png")) results.png = url.length;
  else results.svg = await blobs.get(url).text();
}
const count = (query) => document.querySelectorAll(query).length;
const press = (query) => document.querySelector(query).click();
async function until(condition) {
  while (!condition()) await new Promise((wake) => setTimeout(wake, 20));
}
async function play() {
  await until(() => document.documentElement.dataset.ready === "true");
  results.overflow = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  results.chartTooWide = [...document.querySelectorAll(".chart")]
    .filter((chart) => chart.scrollWidth > chart.clientWidth + 1).length;
  results.facts = document.querySelector("header .fine").textContent;
  results.computed = [...document.querySelectorAll("dt")].filter((dt) => dt.textContent === "computed in").length;
  results.nameless = [...document.querySelectorAll(".legend > *")].filter((key) => !key.textContent.trim()).length;
  press('.filter [data-verdict="fails"]');
  results.failing = count(".verdicts tr[data-verdict]:not([hidden])");
  press('.filter [data-verdict="all"]');
  results.claims = count(".verdicts tr[data-verdict]:not([hidden])");
  const faint = () => [...document.querySelectorAll(".chart svg path")]
    .filter((path) => Number(path.getAttribute("opacity") ?? 1) > 0 && Number(path.getAttribute("opacity") ?? 1) < 0.1).length;
  results.faintBefore = faint();
  press(".legend button");
  await until(() => faint() > 0);
  results.faintAfter = faint();
  press(".tools button");
  results.tableRows = count(".data tbody tr");
  const save = [...document.querySelectorAll(".tools")][2].querySelectorAll("button");
  save[1].click();
  save[2].click();
  await until(() => results.svg && results.png);
}
play().catch((error) => { results.error = String(error); })
  .finally(() => { document.documentElement.dataset.results = JSON.stringify(results); });
</script>
"""


def browser():
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def open_page(page, folder, scheme=LIGHT, width=1280):
    """Loads a page; returns its DOM when it has settled, the console's lines, the requests made."""
    net_log = folder / "net.json"
    command = [
        browser(), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--disable-default-apps", "--disable-extensions", "--disable-dev-shm-usage",
        f"--user-data-dir={folder / 'profile'}", "--host-resolver-rules=MAP * ~NOTFOUND",
        "--enable-logging=stderr", f"--log-net-log={net_log}",
        f"--blink-settings=preferredColorScheme={scheme}", f"--window-size={width},900",
        "--virtual-time-budget=60000", "--dump-dom", page.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return done.stdout, console, requests(net_log)


def requests(net_log):
    """Addresses of all requests, but those of the browser itself, which no page can cause.

    A page's request carries the page as its initiator; the browser's own ones (updates,
    accounts) say "not an origin".
    """
    log = json.loads(net_log.read_text())
    kind = log["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    found = []
    for event in log["events"]:
        params = event.get("params", {})
        if event["type"] == kind and "url" in params and params.get("initiator") != "not an origin":
            found.append(params["url"])
    return found


def attribute(dom, name):
    match = re.search(rf'<html[^>]*\bdata-{name}="([^"]*)"', dom)
    return unescape(match.group(1)) if match else None


class ReportInBrowser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="twofold-browser-")
        cls.folder = Path(cls.temporary.name)
        subprocess.run([sys.argv[1], cls.folder], check=True)
        cls.page = cls.folder / "report.html"

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def probed(self):
        page = self.folder / "probed.html"
        before, end, after = self.page.read_text().rpartition("</body>")
        page.write_text(before + PROBE + end + after)
        return page

    def check_drawn(self, **view):
        dom, console, asked = open_page(self.page, self.folder, **view)
        self.assertEqual(console, [])
        self.assertEqual([url for url in asked if not re.match("file:|data:|blob:", url)], [])
        self.assertEqual(attribute(dom, "ready"), "true")
        self.assertEqual(attribute(dom, "charts"), str(NUM_FIGURES))
        drawn = re.findall(r'<(?:svg|canvas)[^>]*class="marks"', dom)
        self.assertEqual(len(drawn), NUM_FIGURES)
        return dom

    def test_light_page_is_drawn_without_network(self):
        dom = self.check_drawn(scheme=LIGHT)
        self.assertEqual(attribute(dom, "theme"), "light")

    def test_dark_page_is_drawn_in_its_own_colours(self):
        dom = self.check_drawn(scheme=DARK)
        self.assertEqual(attribute(dom, "theme"), "dark")
        self.assertIn("#56b4e9", dom)

    def test_a_request_to_the_network_would_be_seen(self):
        page = self.folder / "calling.html"
        page.write_text('<img src="http://example.invalid/x.png">')
        _, _, asked = open_page(page, self.folder)
        self.assertIn("http://example.invalid/x.png", asked)

    def test_an_error_on_the_console_would_be_seen(self):
        page = self.folder / "wrong.html"
        page.write_text("<script>missing()</script>")
        _, console, _ = open_page(page, self.folder)
        self.assertEqual(len(console), 1)

    def test_controls_do_what_they_say(self):
        dom, console, _ = open_page(self.probed(), self.folder)
        self.assertEqual(console, [])
        results = json.loads(attribute(dom, "results"))
        self.assertNotIn("error", results)
        self.assertEqual((results["claims"], results["failing"]), (25, 1))
        self.assertIn("split_bf16 (amx_bf16)", results["facts"])
        self.assertEqual(results["computed"], dom.count('class="experiment"'))
        self.assertEqual(results["nameless"], 0)
        self.assertEqual(results["faintBefore"], 0)
        self.assertGreater(results["faintAfter"], 0)
        self.assertEqual(results["tableRows"], 200)
        self.assertEqual(results["saved"], ["mean_field-width-excess.svg", "mean_field-width-excess.png"])
        self.assertTrue(results["svg"].startswith("<svg"))
        for text in ("Excess loss", "measured", "dimension 1024", "neurons N"):
            self.assertIn(text, results["svg"])
        self.assertGreater(results["png"], 10_000)
        if "TWOFOLD_KEEP_SVG" in os.environ:
            Path(os.environ["TWOFOLD_KEEP_SVG"]).write_text(results["svg"])

    def test_nothing_is_cut_off_on_a_narrow_screen(self):
        dom, _, _ = open_page(self.probed(), self.folder, width=520)
        results = json.loads(attribute(dom, "results"))
        self.assertEqual((results["overflow"], results["chartTooWide"]), (0, 0))


if __name__ == "__main__":
    if browser() is None:
        print("skipped: no Chromium here; apt-get install chromium")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1], verbosity=2)
