// A graph that computes: all numbers from those of its leaves, and the sentences of each step.

class Model {
    constructor(data, compute) {
        Object.assign(this, data);
        this.compute = compute;
        this.result = this.nodes.length - 1;
        this.start = [...data.inputs];
        this.inputs = [...data.inputs];
        this.ofHalf = false; // whether half the result is differentiated, where a screen lets one choose
        this.seed = 1;
        this.listeners = [];
        this.refresh();
    }

    refresh() {
        const { values, grads, partials, terms } = this.at(this.inputs);
        const scaled = (numbers) => numbers.map((x) => this.seed * x);
        this.numbers = { values, grads: scaled(grads), partials, terms: scaled(terms) };
    }

    // Choose what the derivatives that are shown are of: half the result, or the result.
    differentiateHalf(isHalf) {
        this.seed = isHalf ? 0.5 : 1; // a power of two, which changes no digit
        this.refresh();
    }

    // Name what is differentiated.
    get subject() {
        return this.seed === 1 ? this.name(this.result) : `half the ${this.name(this.result)}`;
    }

    // Return the numbers of all nodes and edges, for numbers of the leaves.
    at(inputs) {
        const all = this.compute(...inputs).map(Number);
        const [n, e] = [this.nodes.length, this.edges.length];
        return {
            values: all.slice(0, n),
            grads: all.slice(n, 2 * n),
            partials: all.slice(2 * n, 2 * n + e),
            terms: all.slice(2 * n + e),
        };
    }

    // Change numbers of leaves, and tell all who show them.
    set(inputs) {
        this.inputs = [...inputs];
        this.refresh();
        for (const listener of this.listeners) listener();
    }

    move(leaf, number) {
        const inputs = [...this.inputs];
        inputs[leaf] = number;
        this.set(inputs);
    }

    name(place) {
        return this.nodes[place].name;
    }

    // Return the value, or half of it, and the derivative in a leaf; both halves are exact.
    slopeAt(leaf, number, isHalf = false) {
        const inputs = [...this.inputs];
        inputs[leaf] = number;
        const { values, grads } = this.at(inputs);
        const factor = isHalf ? 0.5 : 1;
        return { value: factor * values[this.result], slope: factor * grads[leaf] };
    }

    get computed() {
        return this.nodes.map((_, place) => place).filter((place) => this.nodes[place].formula);
    }

    // Return the nodes in the order of the sweep, without the root.
    get below() {
        return this.order.filter((place) => place !== this.result);
    }

    // Return the edges that lead from a node to what was computed from it.
    uses(place) {
        return this.edges.map((_, edge) => edge).filter((edge) => this.edges[edge].tail === place);
    }

    // Return what a derivative passes along.
    flowing(place) {
        return this.uses(place).filter((edge) => !this.edges[edge].isIndependent);
    }

    // Return an operation in numbers: "0.5 × (−1.1)".
    operation(place) {
        const { template, operands, brackets } = this.nodes[place];
        return template.replace(/\{(\d+)\}/g, (_, digits) => {
            const operand = operands[Number(digits)];
            if (typeof operand === "string") return operand.replaceAll("-", MINUS);
            const text = said(this.numbers.values[operand]);
            const isBracketed = text.startsWith(MINUS) && brackets.includes(Number(digits));
            return isBracketed ? `(${text})` : text;
        });
    }

    // Say how a value was computed.
    forward(place) {
        const { name, formula, operands } = this.nodes[place];
        const { values } = this.numbers;
        const used = operands.filter((x) => typeof x === "number").map((x) => values[x]);
        const sign = equals(values[place], ...used);
        return `${name} = ${formula} = ${this.operation(place)} ${sign} ${said(values[place])}`;
    }

    // Say what passes along an edge.
    chain(edge) {
        const { tail, head } = this.edges[edge];
        const { grads, partials, terms } = this.numbers;
        const [result, operand] = [this.name(head), this.name(tail)];
        const [grad, partial, term] = [grads[head], partials[edge], terms[edge]];
        const names = { root: this.subject, result, operand, grad: said(grad), partial: said(partial) };
        const moves = LESSON.chainRule.replace(/\{(\w+)\}/g, (_, name) => names[name]);
        return `${moves}: ${product(grad, partial)} ${equals(grad, partial, term)} ${said(term)}`;
    }

    // Say how a derivative comes about: a sentence for each edge, and the sum if there are several.
    backward(place) {
        const { grads, terms } = this.numbers;
        const name = this.name(place);
        if (place === this.result) {
            const start = said(this.seed);
            return [`${this.subject} moves ${start} per unit of ${name}: the derivative to start from is ${start}`];
        }
        const edges = this.flowing(place);
        if (!edges.length) return [`a small change of ${name} does not move ${this.subject}: no derivative passes`];
        const sentences = edges.map((edge) => this.chain(edge));
        if (edges.length > 1) {
            const parts = edges.map((edge) => terms[edge]);
            sentences.push(`${edges.length} paths meet in ${name}: ${sum(parts)} `
                + `${equals(grads[place], ...parts)} ${said(grads[place])}`);
        }
        return sentences;
    }
}

function bracketed(x) {
    const text = said(x);
    return text.startsWith(MINUS) ? `(${text})` : text;
}

function product(a, b) {
    return `${said(a)} × ${bracketed(b)}`;
}

function sum(parts) {
    return parts.map((x, i) => (i ? bracketed(x) : said(x))).join(" + ");
}
