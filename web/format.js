// Numbers as a reader wants them: few digits, a true minus sign, powers of ten written out.

const kNone = "–";

function superscript(exponent) {
  return String(exponent).replace(/[-0-9]/g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]));
}

const withMinus = (text) => text.replace("-", "−");
const isNumber = (x) => typeof x === "number" && Number.isFinite(x);
const decade = (x) => Math.floor(Math.log10(Math.abs(x)));
const needsPower = (x) => x !== 0 && (Math.abs(x) >= 1e5 || Math.abs(x) < 1e-3);

/// 0.12345 -> "0.1235", 1.2e-7 -> "1.2×10⁻⁷", null -> "–".
function formatNumber(x, digits = 4) {
  if (!isNumber(x)) return kNone;
  if (Number.isInteger(x) && Math.abs(x) < 1e6) return withMinus(String(x));
  if (!needsPower(x)) return withMinus(String(Number(x.toPrecision(digits))));
  const [mantissa, exponent] = x.toExponential(digits - 1).split("e");
  return withMinus(`${Number(mantissa)}×10${superscript(Number(exponent))}`);
}

/// A value with its error bar, both to the digit where the error has two: "0.948 ± 0.011".
function formatWithError(value, error) {
  if (!isNumber(value)) return kNone;
  if (!(error > 0)) return formatNumber(value);
  const largest = Math.max(Math.abs(value), error);
  const power = needsPower(largest) ? decade(largest) : 0;
  const unit = 10 ** power;
  const decimals = 1 - decade(error / unit);
  if (decimals > 7) return `${formatNumber(value)} ± ${formatNumber(error, 2)}`;
  const fixed = (x) => withMinus((x / unit).toFixed(Math.max(decimals, 0)));
  const text = `${fixed(value)} ± ${fixed(error)}`;
  return power === 0 ? text : `(${text})×10${superscript(power)}`;
}

/// 0.0042 -> "4.2 ms", 75 -> "1 min 15 s".
function formatSeconds(seconds) {
  if (!isNumber(seconds)) return kNone;
  if (seconds < 0.995e-3) return `${formatNumber(seconds * 1e6, 2)} µs`;
  if (seconds < 0.995) return `${formatNumber(seconds * 1e3, 2)} ms`;
  if (seconds < 60) return `${formatNumber(seconds, 3)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/// Distinct texts, in order of appearance, without the empty ones.
function unique(values) {
  return [...new Set(values.filter((value) => value !== undefined && value !== ""))].map(String);
}
