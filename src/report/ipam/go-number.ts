/** A number as Go's `%.5g` writes it: 65536, 1.0486e+06. */
export function fiveDigits(number: number): string {
  if (number === 0) return "0";
  const [mantissa = "", exponent = "0"] = number.toExponential(4).split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 5) return String(Number(number.toPrecision(5)));
  const digits = Math.abs(power).toString().padStart(2, "0");
  return `${Number(mantissa)}e${power < 0 ? "-" : "+"}${digits}`;
}

/** A number as Go's `%.f` writes it: halves go to the even neighbour. */
export function wholeNumber(number: number): string {
  const floor = Math.floor(number);
  const rest = number - floor;
  return String(rest === 0.5 ? floor + (floor % 2) : Math.round(number));
}
