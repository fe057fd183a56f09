// The Vega-Lite specification of a figure: predicted lines and bands, measured points and bars.

// Okabe and Ito's colours, told apart in every form of colour vision; lightened for dark ground.
// Shape and dash repeat the distinction for those who see no colour.
const kThemes = {
  light: {
    ink: "#1f2328", soft: "#59636e", grid: "#e7e9ec", axis: "#aeb5bd", ground: "#ffffff",
    colours: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a7a7a"],
  },
  dark: {
    ink: "#e6e8eb", soft: "#a3abb5", grid: "#2a3038", axis: "#59636e", ground: "#15181d",
    colours: ["#56b4e9", "#ff8a4c", "#2cc79a", "#e59fc6", "#f0c03e", "#8ea6ff", "#b5b5b5"],
  },
};
const kShapes = ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "triangle-right"];
const kDashes = [[1, 0], [7, 3], [2, 2], [10, 3, 2, 3], [12, 4], [4, 2, 1, 2], [6, 2, 2, 2, 2, 2]];

/// Colour, shape and dash of series number `index`.
function seriesLook(index, theme) {
  const pick = (list, i) => list[i % list.length];
  // The second round of colours meets other shapes and dashes, so no pair looks alike.
  const turn = index + Math.floor(index / theme.colours.length);
  return { colour: pick(theme.colours, index), shape: pick(kShapes, turn), dash: pick(kDashes, turn) };
}

function vegaConfig(theme) {
  const font = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif";
  const text = { labelFont: font, titleFont: font, labelColor: theme.soft, titleColor: theme.ink };
  return {
    background: "transparent", font,
    view: { stroke: null },
    axis: { ...text, labelFontSize: 11, titleFontSize: 12, titleFontWeight: "normal", titlePadding: 8,
            grid: true, gridColor: theme.grid, domainColor: theme.axis, tickColor: theme.axis, tickSize: 4 },
    header: { ...text, labelFontSize: 12, labelFontWeight: 600, labelColor: theme.ink, labelPadding: 4 },
    title: { font, color: theme.ink, anchor: "start", fontSize: 14, fontWeight: 600, offset: 8 },
  };
}

/// Ticks of a logarithmic axis: decades, thinned when many; 1-2-5 steps when there are few.
function logTicks([low, high], most) {
  const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
  const inside = (x) => x >= low * (1 - 1e-9) && x <= high * (1 + 1e-9);
  const ticks = [];
  if (last - first < 2) {
    for (let e = first - 1; e <= last; ++e) ticks.push(...[1, 2, 5].map((m) => Number(`${m}e${e}`)));
    return ticks.filter(inside);
  }
  const every = Math.ceil((last - first + 1) / most);
  for (let e = first; e <= last; e += every) ticks.push(Number(`1e${e}`));
  return ticks;
}

/// Labels of logarithmic ticks: plain numbers if all are short, else powers of ten. Decades that
/// stand among other ticks are written like these.
function logLabels(ticks) {
  const isDecade = (x) => Number(`1e${Math.round(Math.log10(x))}`) === x;
  const [low, high] = ticks.every(isDecade) ? [0.009, 5000] : [9e-5, 9e5];
  const short = ticks.every((x) => x >= low && x < high);
  const label = (x) => {
    const exponent = Math.round(Math.log10(x));
    const power = isDecade(x) && exponent !== 0 && exponent !== 1;
    return short ? String(x) : !power ? formatNumber(x, 2) : `10${superscript(exponent)}`;
  };
  return Object.fromEntries(ticks.map((x) => [x, label(x)]));
}

function axisChannel(name, figure, data, pixels) {
  const { label, column } = figure[name];
  const domain = data.domain[name];
  const channel = { field: name, type: "quantitative", title: label || column };
  if (domain === null) {
    const values = data.rows.map((row) => row[name]);
    const largest = Math.max(...values.map(Math.abs));
    return { ...channel, scale: { zero: false },
             axis: { tickCount: Math.max(3, Math.round(pixels / 60)),
                     ...(values.every(Number.isInteger) ? { tickMinStep: 1 } : {}),
                     ...(needsPower(largest) ? { format: "~g" } : {}) } };
  }
  const values = logTicks(domain, Math.max(2, Math.floor(pixels / (name === "x" ? 44 : 26))));
  const labels = JSON.stringify(logLabels(values));
  const scale = { type: "log", domain, nice: false };
  if (values.length < 2) return { ...channel, scale, axis: { tickCount: 3, format: "~g" } };
  return { ...channel, scale,
           axis: { values, labelExpr: `${labels}[datum.value]` } };
}

/// Marks of one panel, bottom to top.
function figureLayers(figure, data, theme, width, height) {
  const looks = data.series.map((_, i) => seriesLook(i, theme));
  const by = (property) => ({ field: "series", type: "nominal", legend: null,
    scale: { domain: data.series, range: looks.map((look) => look[property]) } });
  const faded = (shown) => ({ opacity: {
    condition: { test: "isolated === null || isolated === datum.series", value: shown }, value: 0.07 } });
  const x = axisChannel("x", figure, data, width), y = axisChannel("y", figure, data, height);
  const only = (source) => [{ filter: `datum.source === '${source}'` }];
  const tooltip = [
    { field: "source", title: " " },
    ...(figure.series ? [{ field: "series", title: figure.series }] : []),
    { field: "xText", title: figure.x.label || figure.x.column },
    { field: "yText", title: figure.y.label || figure.y.column },
  ];
  const layers = [
    { transform: only("predicted"), mark: { type: "line", strokeWidth: 2, clip: true },
      encoding: { x, y, color: by("colour"), strokeDash: by("dash"), ...faded(1) } },
    // Unseen points on the lines, so that the pointer finds their values.
    { transform: [...only("predicted"), { filter: "datum.inside" }],
      mark: { type: "point", size: 90, filled: true, opacity: 0 },
      encoding: { x, y, tooltip } },
    { transform: only("measured"), mark: { type: "rule", strokeWidth: 1.5, clip: true },
      encoding: { x, y: { ...y, field: "barLow" }, y2: { field: "barHigh" }, color: by("colour"), ...faded(1) } },
    { transform: only("measured"),
      mark: { type: "point", filled: true, size: 60, stroke: theme.ground, strokeWidth: 1 },
      encoding: { x, y, fill: by("colour"), shape: by("shape"), tooltip, ...faded(1) } },
  ];
  if (!data.hasBand) return layers;
  const band = { transform: [{ filter: "datum.source === 'predicted' && datum.low !== null" }],
    mark: { type: "area", clip: true },
    encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color: by("colour"), ...faded(0.18) } };
  return [band, ...layers];
}

/// @param width  pixels for the whole figure, axes included.
function figureSpec(figure, data, theme, width) {
  const inOneRow = Math.max(1, Math.min(data.panels.length, Math.floor(width / 250), 4));
  const columns = Math.ceil(data.panels.length / Math.ceil(data.panels.length / inOneRow));
  const several = data.panels.length > 1;
  const cell = several ? Math.floor((width - 64 - 24 * (columns - 1)) / columns) : width;
  const height = Math.round(several ? Math.max(150, Math.min(230, cell * 0.72))
                                    : Math.max(230, Math.min(330, width * 0.56)));
  const layer = figureLayers(figure, data, theme, cell, height);
  const shared = {
    description: figure.title,
    data: { values: data.rows }, params: [{ name: "isolated", value: null }],
    config: vegaConfig(theme),
  };
  if (!several) {
    return { ...shared, width: cell, height, autosize: { type: "fit", contains: "padding" }, layer };
  }
  return { ...shared, columns, spacing: { row: 36, column: 24 }, bounds: "flush",
    facet: { field: "panel", type: "nominal", sort: data.panels, title: null },
    spec: { width: cell, height, layer } };
}

/// What the legend says, in order: what line and point mean, then each series.
function legendEntries(figure, data, theme) {
  const key = [{ label: "predicted", line: true, colour: theme.soft, dash: [1, 0] },
               { label: "measured ± 2 s.e.", point: true, colour: theme.soft, shape: "circle" }];
  const oneWithoutName = data.series.length === 1 && data.series[0] === "";
  if (!figure.series || oneWithoutName) {
    const { colour } = seriesLook(0, theme);
    return key.map((entry) => ({ ...entry, colour }));
  }
  return [...key, ...data.series.map((name, i) => ({
    label: valueLabel(figure.series, name), series: name, line: true, point: true, ...seriesLook(i, theme) }))];
}

/// The legend as a row of marks, for exported pictures (on the page it is made of buttons).
function legendSpec(entries, theme, width) {
  let x = 0, y = 10;
  const values = entries.map((entry) => {
    const needed = 46 + 6.6 * entry.label.length;
    if (x > 0 && x + needed > width) { x = 0; y += 18; }
    const placed = { ...entry, left: x, right: x + 24, middle: x + 12, text: x + 30, y };
    x += needed;
    return placed;
  });
  const at = (field, channel) => ({ field, type: "quantitative", scale: null, axis: null, ...channel });
  const row = at("y", {});
  const fixed = (entry, mark, encoding) => ({ data: { values: [entry] }, mark, encoding });
  return { width, height: y + 8, view: { stroke: null }, layer: values.flatMap((entry) => [
    ...(entry.line ? [fixed(entry, { type: "rule", strokeWidth: 2, strokeDash: entry.dash, color: entry.colour },
      { x: at("left"), x2: { field: "right" }, y: row })] : []),
    ...(entry.point ? [fixed(entry, { type: "point", filled: true, size: 60, shape: entry.shape,
      color: entry.colour, opacity: 1 }, { x: at("middle"), y: row })] : []),
    fixed(entry, { type: "text", align: "left", baseline: "middle", fontSize: 12, color: theme.ink },
      { x: at("text"), y: row, text: { field: "label" } }),
  ]) };
}

/// Title, legend and figure in one picture on white ground.
function exportSpec(figure, data, width) {
  const theme = kThemes.light;
  const { config, params, ...chart } = figureSpec(figure, data, theme, width);
  delete chart.autosize;
  if (chart.layer) chart.width = width - 60;
  return { params, title: figure.title, padding: 12,
    config: { ...config, background: theme.ground, concat: { spacing: 8 } },
    vconcat: [legendSpec(legendEntries(figure, data, theme), theme, width), chart] };
}
