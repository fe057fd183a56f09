// One section per experiment: what it shows, its figures, and what to know about the run.

const kStatusNotes = {
  diverged: "This run diverged: training left the finite numbers. What was recorded until then is shown.",
  interrupted: "This run was interrupted. What was recorded until then is shown.",
};

const isCase = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const isScalar = (value) => !isCase(value) && !Array.isArray(value);
const inWords = (name) => name.replaceAll("_", " ");

/// The single values of a case, those of a group such as weight_movement under both names.
function scalarEntries(values) {
  return Object.entries(values).flatMap(([name, value]) => {
    if (!isCase(value)) return isScalar(value) ? [[name, value]] : [];
    const group = Object.entries(value);
    return group.every(([, one]) => isScalar(one)) ? group.map(([part, one]) => [`${name}_${part}`, one]) : [];
  });
}

/// Numbers that stand alone, or those of the only case. Long lists stay in record.json.
function summaryEntries(summary = {}) {
  const cases = Object.values(summary).filter(isCase);
  const single = cases.length === 1 ? scalarEntries(cases[0]) : [];
  return [...Object.entries(summary).filter(([, value]) => !isCase(value)), ...single];
}

/// Several cases side by side: one row a number, one column a case.
function summaryTable(summary = {}) {
  const cases = Object.entries(summary).filter(([, value]) => isCase(value))
    .sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }))
    .map(([label, values]) => [label, Object.fromEntries(scalarEntries(values))]);
  if (cases.length < 2) return null;
  const names = unique(cases.flatMap(([, values]) => Object.keys(values)))
    .filter((name) => cases.some(([, values]) => (values[name] ?? null) !== null));
  const row = (name) => element("tr", {}, element("th", { scope: "row" }, inWords(name)),
    cases.map(([, values]) => element("td", { class: typeof values[name] === "number" ? "number" : "" },
      summaryText(values[name] ?? null))));
  return element("div", { class: "facts" }, element("h4", {}, "Each case"),
    element("div", { class: "scroll" }, element("table", { class: "cases" },
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, ""),
        cases.map(([label]) => element("th", { scope: "col" }, label)))),
      element("tbody", {}, names.map(row)))));
}

function summaryText(value) {
  if (Array.isArray(value)) {
    const most = 8;
    const shown = value.slice(0, most).map(summaryText).join(", ");
    return value.length > most ? `${shown}, … (${value.length})` : shown;
  }
  return value === null || typeof value === "number" ? formatNumber(value) : String(value);
}

function factList(title, entries) {
  if (entries.length === 0) return null;
  return element("div", { class: "facts" }, element("h4", {}, title),
    element("dl", {}, entries.map(([name, text]) =>
      element("div", {}, element("dt", {}, name), element("dd", {}, text)))));
}

function trustTable(entries) {
  if (!entries?.length) return null;
  const row = (entry) => {
    const good = entry.verdict === "trust";
    return element("tr", {},
      element("td", {}, element("span", { class: `badge ${good ? "holds" : "caution"}` },
        element("span", { class: "icon", "aria-hidden": "true" }, good ? "✓" : "!"), entry.verdict)),
      element("th", { scope: "row" }, entry.name),
      element("td", { class: "number" }, formatNumber(entry.value)),
      element("td", { class: "number" }, formatNumber(entry.limit)),
      element("td", {}, entry.text));
  };
  return element("div", { class: "facts" }, element("h4", {}, "Do the theory's assumptions hold here?"),
    element("div", { class: "scroll" }, element("table", { class: "trust" },
      element("thead", {}, element("tr", {}, ["", "quantity", "value", "limit", "what it means"].map((name) =>
        element("th", { scope: "col" }, name)))),
      element("tbody", {}, entries.map(row)))));
}

function timingEntries(timing = {}) {
  return Object.entries(timing).filter(([, value]) => value > 0).map(([name, seconds]) =>
    [`time to ${name.replace(/_s$/, "")}`, formatSeconds(seconds)]);
}

function imageFigure(image) {
  return element("figure", { class: "image" },
    element("figcaption", {}, element("h4", {}, image.title)),
    element("img", { src: image.uri, alt: image.title, loading: "eager" }));
}

/// The section of one record; the views of its figures are appended to `views`.
function experimentSection(record, views) {
  const own = record.figures.map((figure) => new FigureView(figure));
  views.push(...own);
  const seed = record.seed === undefined ? "" : ` · seed ${record.seed}`;
  return element("section", { id: record.id, class: "experiment", "aria-labelledby": `${record.id}-title` },
    element("p", { class: "kicker" }, `${record.system} / ${record.experiment}${seed}`),
    element("h2", { id: `${record.id}-title` }, record.title, verdictCounts(record.claims)),
    kStatusNotes[record.status] ? element("p", { class: "warning" }, kStatusNotes[record.status]) : null,
    record.description ? element("p", { class: "lead" }, record.description) : null,
    element("div", { class: "figures" }, own.map((view) => view.node), (record.images ?? []).map(imageFigure)),
    trustTable(record.trust),
    summaryTable(record.summary),
    factList("Summary", [...summaryEntries(record.summary).map(([name, value]) => [inWords(name), summaryText(value)]),
                         ...(record.train?.arithmetic ? [["computed in", record.train.arithmetic]] : []),
                         ...timingEntries(record.timing)]));
}
