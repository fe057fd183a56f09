// A figure's table made ready to draw: points with error bars, lines with bands, and the
// range of each logarithmic axis. What a logarithmic axis cannot show is left out and counted.

// A prediction may fall to 1e-300; the axis stops this factor below the least measured value.
const kBelowMeasured = 1e-3;
const kDeepestRange = 1e-12;

function distinct(values) {
  const names = [...new Set(values)];
  const numeric = names.every((name) => name !== "" && Number.isFinite(Number(name)));
  return numeric ? names.sort((a, b) => Number(a) - Number(b)) : names;
}

/// "component 3" for a number, "relu" for a name that speaks for itself.
function valueLabel(column, value) {
  return value !== "" && Number.isFinite(Number(value)) ? `${column} ${value}` : value;
}

function tableRows(figure) {
  const { columns, rows } = figure.table;
  const at = (name) => columns.indexOf(name);
  const x = at(figure.x.column), y = at(figure.y.column), source = at("source");
  const series = at(figure.series), panel = at(figure.panel);
  const error = at("standard_error"), low = at("low"), high = at("high");
  return rows.map((row) => ({
    x: row[x], y: row[y], source: row[source], error: row[error] ?? 0,
    low: row[low] ?? null, high: row[high] ?? null,
    series: series < 0 ? "" : row[series], panel: panel < 0 ? "" : row[panel],
  }));
}

/// Lowest value a logarithmic axis shows; lines leave through it, points are all kept.
function logFloor(rows) {
  const positive = (list) => list.filter((y) => y > 0);
  const least = (list) => list.reduce((a, b) => Math.min(a, b), Infinity);
  const all = positive(rows.flatMap((row) => [row.y, row.low, row.high]));
  const measured = positive(rows.filter((row) => row.source === "measured").map((row) => row.y));
  const floor = measured.length > 0 ? least(measured) * kBelowMeasured
                                    : Math.max(...all, 0) * kDeepestRange;
  return Math.max(least(all), floor);
}

function drawableRow(row, panelColumn, log, floor) {
  // Low ends at or below zero are put under the axis, where the bar or band is cut.
  const raised = (value) => (log.y ? Math.max(value, floor / 10) : value);
  const band = row.source === "predicted" && isNumber(row.low) && isNumber(row.high);
  return {
    ...row,
    panel: valueLabel(panelColumn, row.panel),
    inside: !log.y || row.y >= floor,
    barLow: raised(row.y - 2 * row.error), barHigh: row.y + 2 * row.error,
    low: band ? raised(row.low) : null, high: band ? raised(row.high) : null,
    xText: formatNumber(row.x),
    yText: row.error > 0 ? formatWithError(row.y, 2 * row.error) : formatNumber(row.y),
  };
}

/// The heights a row asks its axis to show. A bar that reaches down to zero is cut rather
/// than given decades of a logarithmic axis.
function rowHeights(row, log) {
  if (!row.inside) return [];
  if (row.source !== "measured") return [row.y, row.low ?? row.y, row.high ?? row.y];
  return [row.y, row.barHigh, log.y && row.barLow < row.y / 10 ? row.y : row.barLow];
}

function axisRange(values, log) {
  const low = Math.min(...values), high = Math.max(...values);
  if (!log || !(low > 0)) return null;
  const margin = Math.max((high / low) ** 0.03, 1.05);
  return [low / margin, high * margin];
}

/// {rows, series, panels, log, domain, omitted, hasBand}
function prepareFigure(figure) {
  const log = { x: figure.x.scale === "log", y: figure.y.scale === "log" };
  const all = tableRows(figure);
  const floor = log.y ? logFloor(all) : 0;
  const visible = (row) => isNumber(row.x) && isNumber(row.y) &&
    (!log.x || row.x > 0) && (!log.y || row.y > 0);
  const rows = all.filter(visible).map((row) => drawableRow(row, figure.panel, log, floor));
  return {
    rows, log, omitted: all.length - rows.length,
    series: distinct(all.map((row) => row.series)),
    panels: distinct(all.map((row) => row.panel)).map((name) => valueLabel(figure.panel, name)),
    hasBand: rows.some((row) => row.low !== null),
    domain: { x: axisRange(rows.map((row) => row.x), log.x),
              y: axisRange(rows.flatMap((row) => rowHeights(row, log)), log.y) },
  };
}
