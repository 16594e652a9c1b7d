// Numbers as text: as Python's format writes them, with the minus sign of mathematics.

const MINUS = "\u2212";

// Return a number to so many significant digits, as format(x, ".4g") does: a tie goes to the even digit.
function toDigits(x, digits) {
    if (Number.isNaN(x)) return "nan";
    if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
    if (x === 0) return Object.is(x, -0) ? "-0" : "0";
    let [mantissa, exponent] = Math.abs(x).toExponential(digits - 1).split("e");
    const [exact] = Math.abs(x).toExponential(100).split("e");
    const rest = exact.slice(digits + 1);
    const kept = digits > 1 ? exact.slice(0, digits + 1) : exact[0];
    if (/^50*$/.test(rest) && Number(kept.at(-1)) % 2 === 0) {
        mantissa = kept;
        exponent = Math.abs(x).toExponential(100).split("e")[1];
    }
    const power = Number(exponent);
    let text;
    if (power < -4 || power >= digits) {
        const size = String(Math.abs(power)).padStart(2, "0");
        text = `${trimmed(mantissa)}e${power < 0 ? "-" : "+"}${size}`;
    } else {
        const all = mantissa.replace(".", "");
        text = power < 0 ? `0.${"0".repeat(-power - 1)}${all}`
            : `${all.slice(0, power + 1)}.${all.slice(power + 1)}`;
        text = trimmed(text);
    }
    return x < 0 ? `-${text}` : text;
}

function trimmed(text) {
    return text.includes(".") ? text.replace(/\.?0*$/, "") : text;
}

function shown(x, digits = 4) {
    return toDigits(x === 0 ? 0 : x, digits).replaceAll("-", MINUS);
}

// Return a number for a sentence.
function said(x) {
    return shown(x, 6);
}

// Return the sign between a computation and its result: whether all that is shown is exact.
function equals(...numbers) {
    const isExact = (x) => {
        const written = Number(toDigits(x, 6).replace("inf", "Infinity"));
        return Object.is(written, x) || Number.isNaN(x)
            || Math.abs(written - x) <= 1e-13 * Math.abs(x);
    };
    return numbers.every(isExact) ? "=" : "≈";
}

// Return a number that was typed, nan if it is none; 1/4 is a number too.
function typed(text) {
    try {
        return parsed(text.replace(/^([^,()]*),([^,()]*)$/, "$1.$2"), [])({});
    } catch {
        return NaN;
    }
}

// Return how many significant digits were typed.
function digitsOf(text) {
    const digits = text.replace(/e.*/i, "").replace(/\D/g, "").replace(/^0+/, "");
    return Math.max(1, Math.min(17, digits.length));
}
