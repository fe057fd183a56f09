// The verdict table: every claim of every experiment, what theory said, what was measured.

const kVerdicts = {
  holds: { icon: "✓", word: "holds", key: "holds" },
  fails: { icon: "✗", word: "fails", key: "fails" },
  "not applicable": { icon: "○", word: "not applicable", key: "skipped" },
};

// Above this many claims, experiments in which all is well start folded.
const kFoldAbove = 40;

function countVerdicts(claims) {
  const counts = { holds: 0, fails: 0, "not applicable": 0 };
  for (const claim of claims) counts[claim.verdict] += 1;
  return counts;
}

function verdictBadge(verdict) {
  const { icon, word, key } = kVerdicts[verdict];
  return element("span", { class: `badge ${key}` },
    element("span", { class: "icon", "aria-hidden": "true" }, icon), word);
}

/// "12 ✓ 1 ✗" for a heading or a link.
function verdictCounts(claims) {
  const counts = countVerdicts(claims);
  return element("span", { class: "counts" },
    Object.entries(counts).filter(([, n]) => n > 0).map(([verdict, n]) =>
      element("span", { class: kVerdicts[verdict].key, title: `${n} ${verdict}` },
        `${n} ${kVerdicts[verdict].icon}`)));
}

/// Deviation ± 2 s.e. against the tolerance, drawn: the shaded band is what the claim allows.
function deviationGauge(claim) {
  const deviation = claim.measured - claim.predicted;
  const half = 1.6;  // the gauge shows ±1.6 tolerances; what lies beyond sits at its end, hollow
  const place = (ratio) => 60 + 54 * Math.max(-1, Math.min(1, ratio / half));
  const ratio = deviation / claim.tolerance;
  const error = 2 * (claim.standard_error ?? 0) / claim.tolerance;
  const outside = Math.abs(ratio) > half;
  return svgElement("svg", {
    class: `gauge ${kVerdicts[claim.verdict].key}`, viewBox: "0 0 120 18", role: "img",
    "aria-label": `deviation is ${formatNumber(100 * Math.abs(ratio), 2)} % of the tolerance`,
  },
  svgElement("rect", { class: "band", x: place(-1), y: 3, width: place(1) - place(-1), height: 12, rx: 2 }),
  svgElement("line", { class: "zero", x1: 60, x2: 60, y1: 1, y2: 17 }),
  svgElement("line", { class: "whisker", x1: place(ratio - error), x2: place(ratio + error), y1: 9, y2: 9 }),
  svgElement("circle", { class: outside ? "dot outside" : "dot", cx: place(ratio), cy: 9, r: 3.5 }));
}

function claimRow(claim, showSource) {
  const judged = isNumber(claim.predicted) && isNumber(claim.measured);
  const cell = (label, attributes, ...children) =>
    element("td", { "data-label": label, ...attributes }, ...children);
  const unit = claim.unit && claim.unit !== "1" ? ` ${claim.unit}` : "";
  return element("tr", { "data-verdict": claim.verdict },
    cell("Verdict", { class: "verdict" }, verdictBadge(claim.verdict)),
    element("th", { scope: "row", class: "claim" }, claim.title || claim.name,
      claim.why ? element("p", { class: "note" }, claim.why) : null,
      element("p", { class: "fine" }, claim.title === claim.name ? null : element("code", {}, claim.name),
        showSource && claim.source ? ` · ${claim.source}` : "")),
    cell("Predicted", { class: "number" }, formatNumber(claim.predicted) + unit),
    cell("Measured ± 2 s.e.", { class: "number" },
      formatWithError(claim.measured, 2 * claim.standard_error) + unit),
    cell("Deviation", { class: "number deviation" }, element("span", {},
      judged ? formatNumber(claim.measured - claim.predicted, 3) : kNone),
      judged && claim.tolerance > 0 ? deviationGauge(claim) : null),
    cell("Tolerance", { class: "tolerance" }, formatNumber(claim.tolerance, 3),
      claim.reason ? element("p", { class: "fine" }, claim.reason) : null));
}

function claimGroup(record, folded) {
  // A source that all claims share is named once, in the group's own row.
  const sources = unique(record.claims.map((claim) => claim.source));
  const rows = record.claims.map((claim) => claimRow(claim, sources.length > 1));
  const toggle = element("button", { type: "button", class: "fold", "aria-expanded": String(!folded) },
    element("span", { class: "arrow", "aria-hidden": "true" }), record.title);
  const group = element("tbody", { class: folded ? "folded" : null },
    element("tr", { class: "group" },
      element("th", { colspan: 6, scope: "rowgroup" }, toggle, verdictCounts(record.claims),
        sources.length === 1 ? element("span", { class: "fine" }, sources[0]) : null,
        element("a", { href: `#${record.id}` }, "details"))),
    rows);
  toggle.addEventListener("click", () => {
    const nowFolded = group.classList.toggle("folded");
    toggle.setAttribute("aria-expanded", String(!nowFolded));
  });
  return group;
}

/// Buttons that show the claims of one verdict only; unfolds what would hide them.
function verdictFilter(table, claims) {
  const counts = countVerdicts(claims);
  const buttons = [["all", claims.length, ""], ...Object.entries(counts).map(
    ([verdict, n]) => [verdict, n, kVerdicts[verdict].icon])].map(([verdict, n, icon]) =>
    element("button", {
      type: "button", "aria-pressed": String(verdict === "all"), "data-verdict": verdict,
      class: verdict === "all" ? "all" : kVerdicts[verdict].key, disabled: n === 0,
      onclick: () => show(verdict),
    }, element("strong", {}, String(n)), element("span", {}, `${icon} ${verdict === "all" ? "claims" : verdict}`)));
  function show(verdict) {
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.verdict === verdict));
    }
    table.classList.toggle("filtered", verdict !== "all");
    for (const row of table.querySelectorAll("tr[data-verdict]")) {
      row.hidden = verdict !== "all" && row.dataset.verdict !== verdict;
    }
    for (const group of table.tBodies) {
      group.hidden = group.querySelector("tr[data-verdict]:not([hidden])") === null;
    }
  }
  return element("div", { class: "filter", role: "group", "aria-label": "Show claims" }, buttons);
}

function verdictSection(records) {
  const claims = records.flatMap((record) => record.claims);
  const columns = ["Verdict", "Claim", "Predicted", "Measured ± 2 s.e.", "Deviation", "Tolerance"];
  const allHolds = (record) => record.claims.every((claim) => claim.verdict === "holds");
  const table = element("table", { class: "verdicts" },
    element("thead", {}, element("tr", {}, columns.map((name) => element("th", { scope: "col" }, name)))),
    records.filter((record) => record.claims.length > 0).map((record) =>
      claimGroup(record, claims.length > kFoldAbove && allHolds(record))));
  return element("section", { id: "verdicts", "aria-labelledby": "verdicts-title" },
    element("h2", { id: "verdicts-title" }, "Verdicts"),
    verdictFilter(table, claims),
    element("p", { class: "note" }, "Deviation is measured − predicted. The shaded band is the tolerance, ",
      "the dot the deviation, its whisker ± 2 standard errors over repetitions."),
    claims.length > 0 ? table : element("p", {}, "These records hold no claims."));
}
