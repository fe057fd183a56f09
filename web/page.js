// The page: heading, verdicts, experiments; charts drawn, and drawn again when the page changes.

function heading(title, records) {
  const seeds = unique(records.map((record) => record.seed));  // of several, each experiment says its own
  const arithmetic = unique(records.flatMap((record) => record.train?.arithmetic?.split("; ") ?? []));
  const facts = [
    ...unique(records.map((record) => record.machine?.cpu)),
    ...unique(records.map((record) => record.machine?.threads)).map((n) => `${n} ${n === "1" ? "thread" : "threads"}`),
    ...arithmetic,
    ...unique(records.map((record) => record.twofold)).map((version) => `twofold ${version}`),
    seeds.length === 1 ? `seed ${seeds[0]}` : "",
  ].filter((text) => text !== "");
  return element("header", {}, element("h1", {}, title),
    element("p", { class: "lead" }, "Two-layer autoencoders, twice: trained, and computed by theory without ",
      "training. Lines are what theory says, points are what was measured."),
    element("p", { class: "fine" }, facts.join(" · ")),
    element("nav", { "aria-label": "Experiments" }, records.map((record) =>
      element("a", { href: `#${record.id}` }, record.title, verdictCounts(record.claims)))));
}

/// Draws all charts, again when width or colour scheme change. A newer round stops an older one.
class ChartDrawer {
  constructor(page, views) {
    this.page = page;
    this.views = views;
    this.round = 0;
    let timer = 0;
    new ResizeObserver(() => {
      if (Math.abs(page.clientWidth - this.width) < 4) return;
      clearTimeout(timer);
      timer = setTimeout(() => this.drawAll(), 150);
    }).observe(page);
    darkScheme.addEventListener("change", () => this.drawAll());
  }

  async drawAll() {
    const mine = ++this.round;
    const root = document.documentElement;
    root.dataset.ready = "false";
    root.dataset.theme = darkScheme.matches ? "dark" : "light";
    this.width = this.page.clientWidth;
    let charts = 0;
    for (const view of this.views) {
      charts += await this.drawOne(view);
      if (mine !== this.round) return;
    }
    root.dataset.charts = String(charts);
    root.dataset.ready = "true";
  }

  async drawOne(view) {
    try {
      await view.draw();
      return 1;
    } catch (error) {
      view.chart.replaceChildren(element("p", { class: "warning" }, `This figure cannot be drawn: ${error.message}`));
      console.error(`figure ${view.figure.name}:`, error);
      return 0;
    }
  }
}

function identify(records) {
  records.forEach((record, i) => {
    record.id = `experiment-${i + 1}`;
    for (const figure of record.figures) {
      figure.fileName = `${record.system}-${record.experiment}-${figure.name}`.replace(/[^\w.-]+/g, "_");
    }
  });
}

const records = JSON.parse(document.getElementById("records").textContent);
const views = [];
identify(records);
const page = document.getElementById("page");
page.append(heading(document.title, records), verdictSection(records),
  ...records.map((record) => experimentSection(record, views)));
new ChartDrawer(page, views).drawAll();
