// One section per experiment: what it shows, its figures, and what to know about the run.

const kStatusNotes = {
  diverged: "This run diverged: training left the finite numbers. What was recorded until then is shown.",
  interrupted: "This run was interrupted. What was recorded until then is shown.",
};

/// Numbers of the summary, nested objects flattened: {"gain": {"last": 1}} -> "gain.last".
function summaryEntries(summary, prefix = "") {
  return Object.entries(summary ?? {}).flatMap(([name, value]) =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? summaryEntries(value, `${prefix}${name}.`) : [[prefix + name, value]]);
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
  return Object.entries(timing).filter(([, value]) => isNumber(value)).map(([name, seconds]) =>
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
    factList("Summary", [...summaryEntries(record.summary).map(([name, value]) => [name, summaryText(value)]),
                         ...timingEntries(record.timing)]));
}
