// A formula that is typed: takes a text, gives a function of named numbers. The operations are autodiff's.

class FormulaError extends Error {}

const OTHER_SIGNS = { "×": "*", "·": "*", "÷": "/", "^": "**", [MINUS]: "-", "–": "-" };

function parsed(text, names) {
    const tokens = tokensOf(text);
    let place = 0;
    const peek = () => tokens[place];
    const take = () => tokens[place++];
    const expect = (token) => {
        if (peek() !== token) {
            throw new FormulaError(peek() === undefined ? `"${token}" is missing at the end`
                : `"${token}" should stand before "${peek()}"`);
        }
        place += 1;
    };
    const binary = (signs, below) => () => {
        let left = below();
        while (signs.includes(peek())) {
            const apply = OPERATIONS[take()];
            const [a, b] = [left, below()];
            left = (at) => apply(a(at), b(at));
        }
        return left;
    };
    const power = () => {
        const base = atom();
        if (peek() !== "**") return base;
        take();
        const exponent = signed();
        return (at) => OPERATIONS["**"](base(at), exponent(at));
    };
    const signed = () => {
        const sign = { "-": "neg", "+": "pos" }[peek()];
        if (!sign) return power();
        take();
        const x = signed();
        return (at) => OPERATIONS[sign](x(at));
    };
    const atom = () => {
        const token = take();
        if (token === undefined) throw new FormulaError("the formula ends too early");
        if (token === "(") {
            const inner = total();
            expect(")");
            return inner;
        }
        if (/^[\d.]/.test(token)) return () => Number(token);
        if (!/^[\p{L}_#]/u.test(token)) throw new FormulaError(`"${token}" is not expected here`);
        if (peek() === "(") return call(token);
        if (names.includes(token)) return (at) => at[token];
        const constant = { pi: Math.PI, π: Math.PI, e: Math.E }[token];
        if (constant) return () => constant;
        throw new FormulaError(`there is no ${token}; there are ${names.join(", ") || "only numbers"}`);
    };
    const call = (name) => {
        if (!Object.hasOwn(OPERATIONS, name)) {
            const other = name === "ln" ? ": the natural logarithm is written log" : "";
            throw new FormulaError(`there is no function ${name}${other}`);
        }
        const apply = OPERATIONS[name];
        const operands = [];
        expect("(");
        while (peek() !== ")") {
            operands.push(comparison());
            if (peek() !== ")") expect(",");
        }
        take();
        if (operands.length !== apply.length) {
            throw new FormulaError(`${name} takes ${apply.length} numbers, not ${operands.length}`);
        }
        return (at) => apply(...operands.map((operand) => operand(at)));
    };
    const products = binary(["*", "/", "//", "%"], signed);
    const total = binary(["+", "-"], products);
    const comparison = binary(["<", "<=", ">", ">=", "==", "!="], total);
    if (!tokens.length) throw new FormulaError("type the derivative, as a formula");
    const formula = total();
    if (place < tokens.length) {
        const isOperand = /^[\p{L}_\d(.]/u.test(peek());
        throw new FormulaError(isOperand
            ? `something is missing before "${peek()}": a product is written with *, as in 2 * x`
            : `"${peek()}" is not expected here`);
    }
    return formula;
}

function tokensOf(text) {
    const plain = [...text].map((sign) => OTHER_SIGNS[sign] ?? sign).join("");
    const token = /\s*((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[\p{L}_][\p{L}\p{N}_]*(?:#\d+)?|#\d+|\*\*|\/\/|[<>=!]=|[-+*/%(),<>])/uy;
    const tokens = [];
    while (token.lastIndex < plain.trimEnd().length) {
        const start = token.lastIndex;
        const found = token.exec(plain);
        if (!found) throw new FormulaError(`the sign ${plain.slice(start).trim()[0]} is no part of a formula`);
        tokens.push(found[1]);
    }
    return tokens;
}
