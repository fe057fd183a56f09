// Figures on the page: title, sentence, legend, chart, and the buttons below it.

const kTableRows = 200;
const kCanvasAbove = 5000;  // rows; more marks than this are quicker on a canvas than as SVG

const darkScheme = window.matchMedia("(prefers-color-scheme: dark)");
const currentTheme = () => (darkScheme.matches ? kThemes.dark : kThemes.light);

/// Compiles and draws; expressions are interpreted, so no code is made from text (no eval).
function draw(place, spec, renderer) {
  return vegaEmbed(place, spec, {
    mode: "vega-lite", actions: false, ast: true, renderer,
    tooltip: { theme: darkScheme.matches ? "dark" : "light" },
  });
}

async function savePicture(figure, data, format) {
  const place = document.createElement("div");
  const drawn = await draw(place, exportSpec(figure, data, data.panels.length > 1 ? 920 : 680), "svg");
  const url = format === "svg"
    ? URL.createObjectURL(new Blob([await drawn.view.toSVG()], { type: "image/svg+xml" }))
    : await drawn.view.toImageURL("png", 3);
  element("a", { href: url, download: `${figure.fileName}.${format}` }).click();
  drawn.finalize();
}

function swatch(entry) {
  return svgElement("svg", { class: "swatch", viewBox: "0 0 28 12", "aria-hidden": "true" },
    entry.line ? svgElement("line", { x1: 1, x2: 27, y1: 6, y2: 6, stroke: entry.colour, "stroke-width": 2,
      "stroke-dasharray": entry.dash.join(" ").replace(/^1 0$/, "none") }) : null,
    entry.point ? svgElement("path", { d: vegaSymbol(entry.shape), transform: "translate(14 6)",
      fill: entry.colour }) : null);
}

/// The outline Vega draws for a shape, about 9 pixels wide.
function vegaSymbol(shape) {
  const paths = {
    circle: "M-4,0a4,4,0,1,0,8,0a4,4,0,1,0,-8,0", square: "M-3.6,-3.6h7.2v7.2h-7.2z",
    "triangle-up": "M0,-4.4L4.4,3.6H-4.4z", "triangle-down": "M0,4.4L4.4,-3.6H-4.4z",
    "triangle-right": "M4.4,0L-3.6,-4.4V4.4z", diamond: "M0,-5L4.4,0L0,5L-4.4,0z",
    cross: "M-1.5,-4.4h3v2.9h2.9v3h-2.9v2.9h-3v-2.9h-2.9v-3h2.9z",
  };
  return paths[shape];
}

/// One legend for lines and points; a series' button shows that series alone, a second press all.
function legend(entries, isolate) {
  const buttons = [];
  const items = entries.map((entry) => {
    if (entry.series === undefined) {
      return element("span", { class: "key" }, swatch(entry), entry.label);
    }
    const button = element("button", {
      type: "button", "aria-pressed": "false", title: "show this series alone",
      onclick: () => {
        const alone = button.getAttribute("aria-pressed") !== "true";
        for (const other of buttons) other.setAttribute("aria-pressed", String(alone && other === button));
        isolate(alone ? entry.series : null);
      },
    }, swatch(entry), entry.label);
    buttons.push(button);
    return button;
  });
  return element("div", { class: "legend", role: "group", "aria-label": "Legend" }, items);
}

function figureTable(figure) {
  const { columns, rows } = figure.table;
  const shown = rows.slice(0, kTableRows);
  const text = (value) => (typeof value === "number" ? formatNumber(value, 6) : value ?? "");
  return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Data of ${figure.title}` },
    element("p", { class: "note" }, shown.length < rows.length
      ? `The first ${shown.length} of ${rows.length} rows; all are in ${figure.data}.`
      : `${rows.length} rows, from ${figure.data}.`),
    element("table", { class: "data" },
      element("thead", {}, element("tr", {}, columns.map((name) => element("th", { scope: "col" }, name)))),
      element("tbody", {}, shown.map((row) => element("tr", {}, row.map((value) =>
        element("td", { class: typeof value === "number" ? "number" : null }, text(value))))))));
}

/// One figure of the page; draw() may be called again for another width or colour scheme.
class FigureView {
  constructor(figure) {
    this.figure = figure;
    this.data = prepareFigure(figure);
    this.chart = element("div", { class: "chart" });
    this.legendPlace = element("div");
    this.node = this.makeNode();
  }

  makeNode() {
    const { figure, data } = this;
    const table = element("div", { hidden: true });
    const tableButton = element("button", { type: "button", "aria-expanded": "false", onclick: () => {
      if (!table.hasChildNodes()) table.append(figureTable(figure));
      table.hidden = !table.hidden;
      tableButton.setAttribute("aria-expanded", String(!table.hidden));
    } }, "Table");
    const save = (format) => element("button", { type: "button", "aria-label": `Save ${figure.title} as ${format}`,
      disabled: data.rows.length === 0,
      onclick: () => savePicture(figure, data, format) }, format.toUpperCase());
    const omitted = data.omitted === 0 ? null : element("p", { class: "fine" },
      `${data.omitted} of ${figure.table.rows.length} values are not shown: not finite, or not positive on a logarithmic axis.`);
    return element("figure", { class: data.panels.length > 1 ? "wide" : null },
      element("figcaption", {}, element("h4", {}, figure.title), element("p", {}, figure.sentence)),
      this.legendPlace, this.chart, omitted,
      element("div", { class: "tools" }, tableButton, save("svg"), save("png")), table);
  }

  isolate(series) {
    this.drawn?.view.signal("isolated", series).runAsync();
  }

  async draw() {
    const { figure, data } = this;
    const theme = currentTheme();
    if (data.rows.length === 0) {
      this.chart.replaceChildren(element("p", { class: "note" }, "There is nothing to draw."));
      return;
    }
    this.legendPlace.replaceChildren(legend(legendEntries(figure, data, theme), (name) => this.isolate(name)));
    this.drawn?.finalize();
    const width = Math.max(240, this.chart.clientWidth);
    const renderer = data.rows.length > kCanvasAbove ? "canvas" : "svg";
    this.drawn = await draw(this.chart, figureSpec(figure, data, theme, width), renderer);
  }
}
